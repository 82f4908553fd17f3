import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'prototype-pollution',
    title: 'Input that changes the prototype of other objects',
    severity: 'high',
    cwe: 1321,
    asvs: ['15.3.6'],
  },
]
