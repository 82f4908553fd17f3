import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'unsafe-deserialization',
    title: 'What a client sends is made into objects with behaviour',
    severity: 'critical',
    cwe: 502,
    asvs: ['1.5.2'],
  },
  {
    id: 'xml-entities',
    title: 'XML of a client declares entities that read files or grow without end',
    severity: 'high',
    cwe: 611,
    asvs: ['1.5.1'],
  },
]
