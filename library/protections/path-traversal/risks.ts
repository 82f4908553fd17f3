import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'path-traversal',
    title: 'A path leads out of the folder that it is meant for',
    severity: 'high',
    cwe: 22,
    asvs: ['5.3.2'],
  },
]
