import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'fingerprint',
    title: 'Answers name the software that made them',
    severity: 'low',
    cwe: 200,
    asvs: ['13.4.6'],
  },
]
