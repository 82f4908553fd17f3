import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'code-injection',
    title: 'Code injection',
    severity: 'critical',
    cwe: 94,
    asvs: ['1.3.2', '1.3.7'],
  },
]
