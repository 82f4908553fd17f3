import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'forged-token',
    title: 'Anybody can write tokens that the app believes',
    severity: 'critical',
    cwe: 347,
    asvs: ['9.1.1', '9.1.2', '9.1.3'],
  },
  {
    id: 'guessable-token-secret',
    title: 'The secret that signs tokens can be guessed',
    severity: 'critical',
    cwe: 1391,
    asvs: ['11.2.3', '13.3.1'],
  },
  {
    id: 'foreign-token',
    title: 'A token for another app, or of another type, counts here',
    severity: 'high',
    cwe: 1270,
    asvs: ['9.2.2', '9.2.3', '9.2.4'],
  },
  {
    id: 'expired-token',
    title: 'A token counts for ever',
    severity: 'medium',
    cwe: 613,
    asvs: ['9.2.1'],
  },
  {
    id: 'missing-token',
    title: 'A route that is for bearers of a token can be called without one',
    severity: 'high',
    cwe: 306,
    asvs: ['8.2.1', '8.3.1'],
  },
]
