import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'forged-webhook',
    title: 'Anybody can tell the app that something has happened',
    severity: 'high',
    cwe: 345,
    asvs: ['4.1.5', '11.4.1'],
  },
  {
    id: 'replayed-webhook',
    title: 'A delivery that somebody has recorded can be repeated',
    severity: 'medium',
    cwe: 294,
    asvs: ['2.3.3'],
  },
  {
    id: 'signature-timing',
    title: 'The time of an answer tells how much of a signature was right',
    severity: 'low',
    cwe: 208,
    asvs: ['11.2.4'],
  },
]
