import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'cookie-without-httponly',
    title: 'Scripts can read a sensitive cookie',
    severity: 'medium',
    cwe: 1004,
    asvs: ['3.3.4'],
  },
  {
    id: 'cookie-without-samesite',
    title: 'A sensitive cookie goes along with requests from other sites',
    severity: 'medium',
    cwe: 1275,
    asvs: ['3.3.2'],
  },
  {
    id: 'cookie-without-secure',
    title: 'A cookie also travels unencrypted',
    severity: 'medium',
    cwe: 614,
    asvs: ['3.3.1'],
  },
  {
    id: 'wide-cookie-domain',
    title: 'A cookie goes to hosts that need not have it',
    severity: 'medium',
    cwe: 668,
    asvs: ['3.3.3'],
  },
  {
    id: 'default-cookie-name',
    title: "The session cookie has its package's default name",
    severity: 'low',
    cwe: 200,
    asvs: ['3.3.3', '13.4.6'],
  },
  {
    id: 'cookie-tampering',
    title: 'Whoever changes a cookie becomes somebody else',
    severity: 'critical',
    cwe: 565,
    asvs: ['7.2.1'],
  },
  {
    id: 'weak-cookie-secret',
    title: 'The secret that signs cookies is known or written in the source',
    severity: 'critical',
    cwe: 798,
    asvs: ['13.3.1'],
  },
  {
    id: 'oversized-cookie',
    title: 'Browsers drop a cookie because of its size',
    severity: 'low',
    cwe: 770,
    asvs: ['3.3.5'],
  },
]
