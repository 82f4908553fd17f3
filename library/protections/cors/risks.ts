import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'cors-misconfiguration',
    title: 'Other sites read answers with the cookies of their visitors',
    severity: 'high',
    cwe: 942,
    asvs: ['3.4.2'],
  },
]
