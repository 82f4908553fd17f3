import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'open-redirect',
    title: 'Open redirect: a link to the app leads to any other site',
    severity: 'medium',
    cwe: 601,
    asvs: ['3.7.2', '1.2.2'],
  },
]
