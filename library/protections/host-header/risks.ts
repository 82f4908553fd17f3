import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'host-header-injection',
    title: 'Links and mails are built from a Host header that the client made up',
    severity: 'high',
    cwe: 644,
    asvs: ['4.1.3'],
  },
]
