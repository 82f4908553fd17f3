import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'csrf',
    title: 'Cross-site request forgery',
    severity: 'high',
    cwe: 352,
    asvs: ['3.5.1', '3.5.2', '3.5.3'],
  },
  {
    id: 'cross-site-websocket',
    title: 'Cross-site WebSocket hijacking',
    severity: 'high',
    cwe: 1385,
    asvs: ['4.4.2'],
  },
]
