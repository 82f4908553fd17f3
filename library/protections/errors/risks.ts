import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'error-leak',
    title: 'An error tells the client what the app looks like inside',
    severity: 'medium',
    cwe: 209,
    asvs: ['16.5.1'],
  },
  {
    id: 'unhandled-failure',
    title: 'A failure that nobody handles ends the process or leaves the client waiting',
    severity: 'high',
    cwe: 248,
    asvs: ['16.5.3', '16.5.4'],
  },
  {
    id: 'repeated-failure',
    title: 'What made the app fail once may be repeated at will',
    severity: 'low',
    cwe: 770,
    asvs: ['2.4.1', '16.5.3'],
  },
]
