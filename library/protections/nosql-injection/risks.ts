import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'nosql-injection',
    title: 'NoSQL injection',
    severity: 'critical',
    cwe: 943,
    asvs: ['1.2.4', '1.3.7'],
  },
]
