import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'command-injection',
    title: 'Command injection',
    severity: 'critical',
    cwe: 78,
    asvs: ['1.2.5'],
  },
  {
    id: 'option-injection',
    title: 'A value is taken for an option of a program',
    severity: 'high',
    cwe: 88,
    asvs: ['1.2.5'],
  },
]
