import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'published-secret',
    title: 'The app gives its secrets to whoever asks',
    severity: 'critical',
    cwe: 538,
    asvs: ['13.4.1', '13.3.1'],
  },
  {
    id: 'secret-in-source',
    title: 'A password or a key for another system is written in the source',
    severity: 'high',
    cwe: 798,
    asvs: ['13.3.1'],
  },
]
