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
    id: 'broken-object-access',
    title: "Somebody reads, changes or deletes what is somebody else's",
    severity: 'high',
    cwe: 639,
    asvs: ['8.2.2', '8.2.3', '8.3.2'],
  },
  {
    id: 'undecided-answer',
    title: 'A route answers without anybody having asked whose object it is',
    severity: 'medium',
    cwe: 1220,
    asvs: ['8.2.2', '8.3.1'],
  },
  {
    id: 'uncovered-route',
    title: 'A handler answers outside of the declared routes',
    severity: 'low',
    cwe: 1059,
    asvs: ['8.2.1'],
  },
]
