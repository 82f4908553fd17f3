import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'plain-http',
    title: 'What people read and send goes over the network in the clear',
    severity: 'high',
    cwe: 319,
    asvs: ['12.2.1', '4.1.2'],
  },
  {
    id: 'no-hsts',
    title: 'Browsers are not told to stay with HTTPS',
    severity: 'medium',
    cwe: 319,
    asvs: ['3.4.1'],
  },
  {
    id: 'mixed-content',
    title: 'An encrypted page takes or sends something in the clear',
    severity: 'medium',
    cwe: 319,
    asvs: ['12.2.1'],
  },
  {
    id: 'weak-tls',
    title: 'Old versions of TLS or suites that have been broken are accepted',
    severity: 'high',
    cwe: 327,
    asvs: ['12.1.1', '12.1.2'],
  },
  {
    id: 'untrusted-certificate',
    title: 'The certificate does not prove who the server is',
    severity: 'high',
    cwe: 295,
    asvs: ['12.2.2'],
  },
  {
    id: 'weak-certificate',
    title: 'The certificate can be forged',
    severity: 'high',
    cwe: 326,
    asvs: ['11.6.1', '12.2.2'],
  },
]
