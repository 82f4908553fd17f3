import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'unlimited-requests',
    title: 'One client may send as many requests as it likes',
    severity: 'medium',
    cwe: 770,
    asvs: ['2.4.1'],
  },
  {
    id: 'unlimited-sign-in',
    title: 'One client may try as many passwords as it likes',
    severity: 'high',
    cwe: 307,
    asvs: ['6.3.1'],
  },
  {
    id: 'client-address-spoofing',
    title: 'A client chooses the address that it is known by',
    severity: 'medium',
    cwe: 348,
    asvs: ['4.1.3'],
  },
]
