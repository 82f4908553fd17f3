import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'outdated-runtime',
    title: 'The app runs on a Node.js with publicly known holes',
    severity: 'high',
    cwe: 1395,
    asvs: ['15.2.1'],
  },
]
