import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'path-confusion',
    title: 'One path is read as two different ones',
    severity: 'high',
    cwe: 436,
    asvs: ['1.1.1', '1.5.3'],
  },
  {
    id: 'malformed-target',
    title: 'An address that no honest client sends',
    severity: 'low',
    cwe: 20,
    asvs: ['4.1.4'],
  },
  {
    id: 'trace-method',
    title: 'TRACE gives back what scripts must not see',
    severity: 'low',
    cwe: 693,
    asvs: ['13.4.4'],
  },
  {
    id: 'method-tampering',
    title: 'A header turns one method into another',
    severity: 'medium',
    cwe: 650,
    asvs: ['4.1.4'],
  },
]
