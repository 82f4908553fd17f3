import { expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import type { Victim } from '../../core/victim.ts'
import { probes } from './probe.ts'

type Tree = Record<string, unknown>

/** Stands for the prototype that all objects of the app share: nobody else's is to be touched by a test. */
const settings =
  (merge: (into: Tree, from: Tree, shared: Tree) => void): Victim =>
  (app) => {
    const shared: Tree = {}
    const own: Tree = { theme: 'light' }
    app.put(
      '/settings',
      (req, res) => {
        merge(own, req.body, shared)
        res.json({ saved: true })
      },
      { body: { type: 'json', fields: { theme: 'dark' } }, readBack: '/settings' },
    )
    app.get('/settings', (_req, res) => res.json(own))
  }

const byName = probes.filter(({ name }) => name === 'prototype-pollution/field-name')

test('a document that is copied key by key reaches what all objects share', async () => {
  const careless = settings((into, from, shared) => {
    Object.assign(shared, Object.getOwnPropertyDescriptor(from, '__proto__')?.value)
    for (const [key, value] of Object.entries(from)) if (key !== '__proto__') into[key] = value
    Object.assign(into, shared)
  })
  expect(await attacked(careless, byName)).toEqual(['prototype-pollution/field-name PUT /settings'])
})

test('keeping what was sent as it was sent, or dropping it, does not', async () => {
  expect(
    await attacked(
      settings((into, from) => void Object.assign(into, { ...from, __proto__: null })),
      byName,
    ),
  ).toEqual([])
  expect(
    await attacked(
      settings((into, from) => void (into['theme'] = from['theme'])),
      byName,
    ),
  ).toEqual([])
})
