import { afterEach } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

/** What an attack on an unguarded victim leaves in this process. */
afterEach(() => {
  for (const key in {}) Reflect.deleteProperty(Object.prototype, key)
})

const NAMES = 'body-limits refuses such names as well'

prove('prototype-pollution', {
  victim,
  probes,
  rules,
  sources: ['victim.ts', 'fixtures/settings.js'],
  alsoStoppedBy: { 'prototype-pollution/field-name': NAMES, 'prototype-pollution/query-name': NAMES },
})
