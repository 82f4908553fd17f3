import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'oversized-body',
    title: 'A request body without a limit',
    severity: 'high',
    cwe: 770,
    asvs: ['5.2.1', '15.2.2'],
  },
  {
    id: 'compression-bomb',
    title: 'A small compressed body that becomes a large one',
    severity: 'high',
    cwe: 409,
    asvs: ['5.2.3', '15.2.2'],
  },
  {
    id: 'complex-body',
    title: 'A body nested or split up beyond reason',
    severity: 'medium',
    cwe: 674,
    asvs: ['15.2.2'],
  },
  {
    id: 'ambiguous-body',
    title: 'A body that two parsers read in two ways',
    severity: 'low',
    cwe: 436,
    asvs: ['1.5.3'],
  },
  {
    id: 'unexpected-content-type',
    title: 'A body of a type that nobody expects',
    severity: 'low',
    cwe: 436,
    asvs: ['2.2.1'],
  },
]
