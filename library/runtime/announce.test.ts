import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import { off } from '../core/policy.ts'
import { type ProtectedApp, protectedApps } from './announce.ts'
import { Runtime } from './runtime.ts'

const KEY = 'k5Jq2vX8pN4mR7tY1wZ6cB9dF3gH0sLa'

test('an app is told of as it is made, and found by whoever asks later', () => {
  const heard: ProtectedApp[] = []
  const listen = (message: unknown) => void heard.push(message as ProtectedApp)
  subscribe('bulwark:app', listen)
  const runtime = new Runtime({ app: 'told', onEvent: () => {} })
  unsubscribe('bulwark:app', listen)
  expect(heard).toEqual([runtime.app])
  expect(protectedApps()).toContain(runtime.app)
})

test('every protection is named once, with what it does and why it does nothing', () => {
  const { app } = new Runtime({
    app: 'shown',
    keys: KEY,
    csrf: off('the gateway does it'),
    cors: { mode: 'observe' },
    onEvent: () => {},
  })
  const byName = new Map(app.protections.map((one) => [one.name, one]))
  expect(byName.size).toBe(app.protections.length)
  expect(byName.get('csrf')).toEqual({ name: 'csrf', state: 'off', reason: 'the gateway does it' })
  expect(byName.get('cors')).toEqual({ name: 'cors', state: 'observe' })
  expect(byName.get('headers')).toEqual({ name: 'headers', state: 'enforce' })
  expect(app.keys()).toEqual([{ id: expect.stringMatching(/^[0-9a-f]{12}$/), state: 'active' }])
  expect(JSON.stringify([app, app.keys()])).not.toContain(KEY)
})
