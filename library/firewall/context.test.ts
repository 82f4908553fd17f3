import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { SinkExchange, Stance } from '../core/sink.ts'

const SHARED = Symbol.for('bulwark.firewall')
const globals = globalThis as { [SHARED]?: unknown }
let before: unknown

/** As in a process that has just begun: no sink, nothing carried. */
beforeEach(() => {
  before = globals[SHARED]
  delete globals[SHARED]
  vi.resetModules()
})

afterEach(() => {
  globals[SHARED] = before
  vi.resetModules()
})

function exchange(text: string, stance: Stance = 'enforce'): SinkExchange & { isOver: boolean } {
  const untrusted = {
    client: text,
    host: 'app.example',
    texts: () => [text],
    structured: () => [text],
    named: () => [text],
    values: () => [{ text }],
    names: () => new Set([text]),
    rest: () => text,
  }
  return { id: text, untrusted, stanceOf: () => stance, isOver: false, report: () => {} }
}

test('without a sink nothing is carried', async () => {
  const { currentExchange, enter, hasSinks } = await import('./context.ts')
  enter(exchange('one'))
  expect(hasSinks()).toBe(false)
  expect(currentExchange()).toBeUndefined()
})

test('with a sink that waits, carrying begins with the first call in a request, and that call is judged already', async () => {
  const { carryWhenAsked, currentExchange, enter, hasSinks } = await import('./context.ts')
  carryWhenAsked()
  expect(hasSinks()).toBe(true)
  expect(currentExchange()).toBeUndefined()
  const one = exchange('one')
  enter(one)
  expect(currentExchange()).toBe(one)
  const two = exchange('two')
  enter(two)
  await new Promise((done) => setTimeout(done, 1))
  expect(currentExchange()).toBe(two)
})

test('a call while nothing is under way begins nothing', async () => {
  const { carryWhenAsked, currentExchange, enter } = await import('./context.ts')
  carryWhenAsked()
  const over = exchange('over')
  over.isOver = true
  enter(over)
  expect(currentExchange()).toBeUndefined()
  const one = exchange('one')
  enter(one)
  expect(currentExchange()).toBe(one)
})

test('of several that were under way all count, by the strictest policy, until they are over', async () => {
  const { carryWhenAsked, currentExchange, enter } = await import('./context.ts')
  carryWhenAsked()
  const one = exchange('one', 'observe')
  const two = exchange('two')
  enter(one)
  enter(two)
  const both = currentExchange()
  expect(both?.untrusted.texts()).toEqual(['one', 'two'])
  expect([...(both?.untrusted.names() ?? [])]).toEqual(['one', 'two'])
  expect(both?.untrusted.values()).toEqual([{ text: 'one' }, { text: 'two' }])
  expect(both?.untrusted.rest()).toBe('one\ntwo')
  expect(both?.stanceOf('any')).toBe('enforce')
  two.isOver = true
  expect(currentExchange()).toBe(one)
  one.isOver = true
  expect(currentExchange()).toBeUndefined()
})
