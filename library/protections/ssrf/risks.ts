import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'ssrf',
    title: 'Server-side request forgery',
    severity: 'high',
    cwe: 918,
    asvs: ['1.3.6', '13.2.4'],
  },
]
