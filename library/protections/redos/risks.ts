import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'redos',
    title: 'A pattern that takes for ever on what a client sends',
    severity: 'high',
    cwe: 1333,
    asvs: ['1.3.12'],
  },
  {
    id: 'pattern-injection',
    title: 'A client writes the pattern that the app runs',
    severity: 'high',
    cwe: 400,
    asvs: ['1.2.9', '1.3.12'],
  },
]
