import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'overload',
    title: 'Whoever asks for heavy work often enough keeps everybody else waiting',
    severity: 'medium',
    cwe: 400,
    asvs: ['13.1.2', '15.1.3', '15.2.2'],
  },
]
