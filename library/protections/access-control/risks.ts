import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'missing-authorization',
    title: 'A route answers people who may not call it',
    severity: 'high',
    cwe: 862,
    asvs: ['8.2.1', '8.3.1'],
  },
  {
    id: 'uncovered-route',
    title: 'A handler answers outside of the declared routes',
    severity: 'low',
    cwe: 1059,
    asvs: ['8.2.1'],
  },
]
