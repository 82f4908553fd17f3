import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'slow-clients',
    title: 'A client may take as long as it likes to send a request',
    severity: 'medium',
    cwe: 400,
    asvs: ['15.2.2'],
  },
  {
    id: 'connection-exhaustion',
    title: 'One client may hold as many connections as it likes',
    severity: 'medium',
    cwe: 770,
    asvs: ['13.1.2', '15.2.2'],
  },
]
