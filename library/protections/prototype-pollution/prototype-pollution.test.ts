import { afterEach, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { scanText } from '../../../scanner/index.ts'
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

test.each([
  ['store[req.body.a]![req.body.b] = 1', 1],
  ['(store[req.body.a] as Row)[req.body.b] = 1', 1],
  ["store['a']![req.body.b] = 1", 0],
])('the rule sees through what only TypeScript reads: %s', (code, count) => {
  const text = `import express from 'express'\nconst store: Store = {}\nexpress().post('/', (req, res) => { ${code} })\n`
  expect(scanText('app.ts', text, rules).findings).toHaveLength(count)
})
