import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'forged-caller',
    title: 'Anybody in the network can call what is for one program only',
    severity: 'critical',
    cwe: 290,
    asvs: ['12.3.5', '13.2.1'],
  },
  {
    id: 'forged-identity',
    title: 'The app believes a header that says who the user is',
    severity: 'critical',
    cwe: 348,
    asvs: ['4.1.3'],
  },
  {
    id: 'replayed-call',
    title: 'A call that somebody has recorded can be repeated',
    severity: 'high',
    cwe: 294,
    asvs: ['12.3.5'],
  },
  {
    id: 'uninvited-caller',
    title: 'A program may call more than it needs',
    severity: 'medium',
    cwe: 862,
    asvs: ['13.2.2', '13.2.4'],
  },
  {
    id: 'forwarded-session',
    title: "A user's session is handed on to another program",
    severity: 'medium',
    cwe: 441,
    asvs: ['13.2.1'],
  },
]
