import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'session-fixation',
    title: 'Somebody else knows the session before its owner signs in',
    severity: 'high',
    cwe: 384,
    asvs: ['7.2.4'],
  },
  {
    id: 'session-not-ended',
    title: 'A session still works after it was ended',
    severity: 'high',
    cwe: 613,
    asvs: ['7.3.1', '7.3.2', '7.4.1', '7.4.2'],
  },
  {
    id: 'guessable-session',
    title: "Session ids can be guessed from one's own",
    severity: 'critical',
    cwe: 330,
    asvs: ['7.2.3', '11.5.1'],
  },
  {
    id: 'sessions-in-one-process',
    title: 'Sessions live in the memory of one process',
    severity: 'medium',
    cwe: 770,
    asvs: ['7.1.3', '7.2.1'],
  },
  {
    id: 'stale-sign-in',
    title: 'A sensitive step does not ask who is there',
    severity: 'medium',
    cwe: 306,
    asvs: ['7.5.1', '7.5.3'],
  },
]
