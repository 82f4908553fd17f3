import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'mass-assignment',
    title: 'A client sets fields that are not for clients to set',
    severity: 'high',
    cwe: 915,
    asvs: ['15.3.3'],
  },
]
