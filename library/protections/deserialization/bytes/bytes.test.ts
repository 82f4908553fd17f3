import v8 from 'node:v8'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ReportedEvent } from '../../../core/event.ts'
import type { SinkExchange, Stance } from '../../../core/sink.ts'
import { BlockedError } from '../../../firewall/consult.ts'
import { runIn } from '../../../firewall/context.ts'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { holdsMoreThanData } from './data.ts'
import { guardBytes } from './guard-bytes.ts'

const events: ReportedEvent[] = []
beforeAll(() => guardBytes())
afterEach(() => void events.splice(0))

function sent<T>(text: string | Uint8Array, run: () => T, stance: Stance = 'enforce'): T {
  const body = [Buffer.from(text as string)]
  const untrusted = new ClientTexts({
    target: '/',
    rawHeaders: [],
    bodyBytes: body[0]?.length ?? 0,
    bodyForSinks: body,
    client: 'a',
    header: (name) => (name === 'content-type' ? 'application/octet-stream' : undefined),
  })
  const report = (event: ReportedEvent): void => void events.push(event)
  const exchange: SinkExchange = { id: '0123456789abcdef', untrusted, stanceOf: () => stance, report }
  return runIn(exchange, run)
}

const cycle: Record<string, unknown> = {}
cycle['own'] = cycle
const twice = { a: 1 }
const holes = [1]
holes.length = 4_000_000_000
const EVIL = v8.serialize({ name: /a/ })

describe('more than data', () => {
  test.each<[string, unknown]>([
    ['a pattern', { a: [/a/] }],
    ['a pattern in a map', new Map([['a', /a/]])],
    ['a pattern that is a key of a map', new Map([[/a/, 1]])],
    ['a pattern in a set', new Set([/a/])],
    ['an error', new Error('a')],
    ['an object in itself', cycle],
    ['an object in two places', [twice, twice]],
    ['a list with holes', holes],
    ['a list with names', Object.assign([1], { a: 1, b: 2 })],
    ['a key of prototypes', JSON.parse('{"__proto__":{"a":1}}')],
  ])('%s', (_, value) => {
    expect(holdsMoreThanData(v8.deserialize(v8.serialize(value)))).toBe(true)
    const bytes = v8.serialize(value)
    expect(() => sent(bytes.toString('base64'), () => v8.deserialize(bytes))).toThrow(BlockedError)
  })

  test('shared memory', () => {
    expect(holdsMoreThanData([new SharedArrayBuffer(8)])).toBe(true)
    expect(holdsMoreThanData(new Uint8Array(new SharedArrayBuffer(8)))).toBe(true)
  })

  test('and nothing else', () => {
    const value = [
      1,
      'a',
      null,
      undefined,
      1n,
      new Date(0),
      new Map([[{ a: 1 }, new Set([2])]]),
      Buffer.from('a'),
      { a: [] },
    ]
    expect(holdsMoreThanData(value)).toBe(false)
    expect(sent(v8.serialize(value).toString('base64'), () => v8.deserialize(v8.serialize(value)))).toEqual(value)
  })
})

describe('bytes of a client', () => {
  test.each<[string, string | Uint8Array]>([
    ['in base64', EVIL.toString('base64')],
    ['in base64 without signs at its end', EVIL.toString('base64').replace(/=+$/, '')],
    ['in base64 for addresses', EVIL.toString('base64url')],
    ['in hexadecimal digits', EVIL.toString('hex')],
    ['in capital digits', EVIL.toString('hex').toUpperCase()],
    ['in JSON', JSON.stringify({ state: EVIL.toString('base64') })],
    ['as they are', EVIL],
  ])('are known %s', (_, text) => {
    expect(() => sent(text, () => v8.deserialize(EVIL))).toThrow(BlockedError)
    expect(events).toMatchObject([{ guard: 'deserialization', risk: 'unsafe-deserialization', outcome: 'denied' }])
  })

  test('are known to a deserializer of the own of the app', () => {
    const read = (): unknown => {
      const reader = new v8.Deserializer(EVIL)
      reader.readHeader()
      return reader.readValue()
    }
    expect(() => sent(EVIL.toString('base64'), read)).toThrow(BlockedError)
  })

  test('pass with an event while the policy observes', () => {
    expect(sent(EVIL.toString('hex'), () => v8.deserialize(EVIL), 'observe')).toEqual({ name: /a/ })
    expect(events).toMatchObject([{ outcome: 'observed' }])
  })
})

test('bytes of the server become whatever they hold', () => {
  expect(sent('something else', () => v8.deserialize(EVIL))).toEqual({ name: /a/ })
  expect(v8.deserialize(EVIL)).toEqual({ name: /a/ })
  expect(events).toEqual([])
})
