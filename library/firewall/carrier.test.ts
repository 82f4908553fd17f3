import { expect, test } from 'vitest'
import type { SinkExchange, Stance } from '../core/sink.ts'
import { Carrier } from './carrier.ts'

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

test('without a sink nothing is carried', () => {
  const carrier = new Carrier()
  carrier.enter(exchange('one'))
  expect(carrier.hasSinks).toBe(false)
  expect(carrier.current()).toBeUndefined()
})

test('with a sink that waits, carrying begins with the first call in a request, and that call is judged already', async () => {
  const carrier = new Carrier()
  carrier.startWhenAsked()
  expect(carrier.hasSinks).toBe(true)
  expect(carrier.current()).toBeUndefined()
  const one = exchange('one')
  carrier.enter(one)
  expect(carrier.current()).toBe(one)
  const two = exchange('two')
  carrier.enter(two)
  await new Promise((done) => setTimeout(done, 1))
  expect(carrier.current()).toBe(two)
})

test('a call while nothing is under way begins nothing', () => {
  const carrier = new Carrier()
  carrier.startWhenAsked()
  const over = exchange('over')
  over.isOver = true
  carrier.enter(over)
  expect(carrier.current()).toBeUndefined()
  const one = exchange('one')
  carrier.enter(one)
  expect(carrier.current()).toBe(one)
})

test('of several that were under way all count, by the strictest policy, until they are over', () => {
  const carrier = new Carrier()
  carrier.startWhenAsked()
  const one = exchange('one', 'observe')
  const two = exchange('two')
  carrier.enter(one)
  carrier.enter(two)
  const both = carrier.current()
  expect(both?.untrusted.texts()).toEqual(['one', 'two'])
  expect([...(both?.untrusted.names() ?? [])]).toEqual(['one', 'two'])
  expect(both?.untrusted.values()).toEqual([{ text: 'one' }, { text: 'two' }])
  expect(both?.untrusted.rest()).toBe('one\ntwo')
  expect(both?.stanceOf('any')).toBe('enforce')
  two.isOver = true
  expect(carrier.current()).toBe(one)
  one.isOver = true
  expect(carrier.current()).toBeUndefined()
})

test('what runs in an exchange belongs to it, also before anything was asked', () => {
  const carrier = new Carrier()
  carrier.startWhenAsked()
  const one = exchange('one')
  expect(carrier.runIn(one, () => carrier.current())).toBe(one)
  expect(carrier.current()).toBeUndefined()
})
