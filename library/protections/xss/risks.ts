import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'xss',
    title: 'Cross-site scripting',
    severity: 'high',
    cwe: 79,
    asvs: ['1.2.1', '1.2.2', '1.3.1', '3.2.2'],
  },
]
