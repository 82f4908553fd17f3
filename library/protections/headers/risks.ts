import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'weak-csp',
    title: 'No Content-Security-Policy that stops injected scripts',
    severity: 'medium',
    cwe: 693,
    asvs: ['3.4.3', '3.4.7'],
  },
  {
    id: 'clickjacking',
    title: 'Clickjacking: other sites may put the page into a frame',
    severity: 'medium',
    cwe: 1021,
    asvs: ['3.4.6'],
  },
  {
    id: 'mime-sniffing',
    title: 'Browsers may take an answer for a type that it does not have',
    severity: 'low',
    cwe: 430,
    asvs: ['3.4.4'],
  },
  {
    id: 'referrer-leak',
    title: 'Addresses of pages may reach other sites',
    severity: 'low',
    cwe: 200,
    asvs: ['3.4.5'],
  },
  {
    id: 'cross-origin-leak',
    title: 'Other sites may open or embed the answer and learn from it',
    severity: 'low',
    cwe: 668,
    asvs: ['3.4.8', '3.5.8'],
  },
  {
    id: 'nonce-reuse',
    title: 'A Content-Security-Policy whose nonce can be known in advance',
    severity: 'high',
    cwe: 323,
    asvs: ['3.4.3', '11.3.4'],
  },
]
