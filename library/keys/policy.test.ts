import { afterEach, expect, test } from 'vitest'
import type { SecurityEvent } from '../core/event.ts'
import { compilePolicy, type Policy } from '../runtime/policy.ts'
import { keyRing, makeKey } from './index.ts'

const environment = process.env['NODE_ENV']
afterEach(() => {
  process.env['NODE_ENV'] = environment
})

const SAMPLE = 'a-string-secret-at-least-256-bits-long'

function start(keys: Policy['keys'], mode: 'production' | 'development'): SecurityEvent[] {
  process.env['NODE_ENV'] = mode
  const events: SecurityEvent[] = []
  const { setup } = compilePolicy({ keys, onEvent: (event) => void events.push(event) })
  expect(setup.keys).toEqual(setup.ring.usable('').map(({ secret }) => secret))
  return events.filter(({ risk }) => risk === 'weak-key')
}

test('the sample of a tutorial keeps an app from starting in production, and is reported while somebody develops', () => {
  expect(() => start([makeKey(), SAMPLE], 'production')).toThrow(/^BULWARK_KEYS_WEAK[\s\S]*policy\.keys\[1\]/)
  const [told, ...more] = start([makeKey(), SAMPLE], 'development')
  expect([told?.reason, more]).toEqual([expect.stringMatching(/^the key at policy\.keys\[1\] can be guessed/), []])
  expect(JSON.stringify(told)).not.toContain(SAMPLE)
})

test('what is no secret at all keeps it from starting everywhere', () => {
  for (const mode of ['production', 'development'] as const)
    expect(() => start('tooshort', mode)).toThrow(/^BULWARK_KEYS_WEAK/)
})

test('keys may be texts, a list, a ring, or missing', () => {
  const [a, b] = [makeKey(), makeKey()]
  for (const keys of [undefined, `next:${a},${b}`, [a, b], keyRing([a, b])])
    expect(start(keys, 'production')).toEqual([])
})

test('guards see a ring change', () => {
  const ring = keyRing(makeKey())
  expect(compilePolicy({ keys: ring, onEvent: () => undefined }).setup.ring).toBe(ring)
})
