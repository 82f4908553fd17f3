import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'sql-injection',
    title: 'SQL injection',
    severity: 'critical',
    cwe: 89,
    asvs: ['1.2.4', '1.3.7'],
  },
]
