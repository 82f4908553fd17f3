import type { SecurityEvent } from 'bulwark'
import { describe, expect, test } from 'vitest'
import { clientsOf } from './clients.ts'
import { isSecurityEvent } from './entry.ts'
import { isMatch, parseFilter, toQuery } from './filter.ts'
import { createMemory } from './memory.ts'
import { toVisible } from './visible.ts'

const HOUR = 3_600_000

function event(more: Partial<SecurityEvent> = {}): SecurityEvent {
  return { at: 100 * HOUR, guard: 'csrf', risk: 'csrf', reason: 'r', outcome: 'denied', ...more }
}

describe('the memory', () => {
  test('keeps the newest, gives them out newest first, and goes on where somebody stopped', () => {
    const memory = createMemory(10)
    for (let i = 0; i < 25; i++) memory.add(event({ reason: `${i}` }))
    const kept = [...memory.newest()]
    expect(kept.map(({ reason }) => Number(reason))).toEqual([24, 23, 22, 21, 20, 19, 18, 17, 16, 15])
    expect([...memory.newest(kept[7]?.n)].map(({ reason }) => reason)).toEqual(['16', '15'])
    expect([...memory.newest(3)]).toEqual([])
    expect(memory.seen).toBe(25)
  })

  test('leaves out what is overwritten while somebody reads', () => {
    const memory = createMemory(10)
    for (let i = 0; i < 10; i++) memory.add(event())
    const seen: number[] = []
    for (const { n } of memory.newest()) {
      seen.push(n)
      if (n === 8) for (let i = 0; i < 5; i++) memory.add(event())
    }
    expect(seen).toEqual([10, 9, 8, 7, 6])
  })

  test('counts by the hour for one day, whatever the clock does', () => {
    const memory = createMemory(10)
    for (let i = 0; i < 1000; i++) memory.add(event({ at: i * HOUR }))
    memory.add(event({ at: 999 * HOUR, outcome: 'failed' }))
    const hours = memory.hours(999.5 * HOUR)
    expect(hours).toHaveLength(24)
    expect(hours.at(-1)).toEqual({ from: 999 * HOUR, denied: 1, observed: 0, reported: 0, failed: 1 })
    expect(hours.every(({ denied }) => denied === 1)).toBe(true)
    // A clock that went back makes an hour of its own, and no error.
    memory.add(event({ at: 5 }))
    expect(memory.hours(0).at(-1)?.denied).toBe(1)
  })

  test('holds a bounded number of risks and no request, route or error', () => {
    const memory = createMemory(10)
    for (let i = 0; i < 2000; i++) memory.add(event({ risk: `risk-${i}` }))
    expect(memory.risks()).toHaveLength(500)
    const route = { method: 'GET', path: `/${'x'.repeat(500)}`, at: undefined, contract: {} }
    const request = { id: 'i', method: 'GET', path: `/${'y'.repeat(9000)}`, ip: '::1' }
    memory.add(event({ route, request, error: new Error('secret'), reason: 'z'.repeat(9000) }))
    const [entry] = memory.newest()
    expect(JSON.stringify(entry).length).toBeLessThan(1000)
    expect(JSON.stringify(entry)).not.toContain('secret')
  })
})

test('what is no event of ours is left alone', () => {
  expect(isSecurityEvent(event())).toBe(true)
  for (const odd of [undefined, null, 7, 'text', {}, { ...event(), outcome: 'x' }, { ...event(), at: Number.NaN }])
    expect(isSecurityEvent(odd)).toBe(false)
})

test('a filter comes from a query and goes back into one', () => {
  const filter = parseFilter(new URLSearchParams('outcome=denied&guard=csrf&client=203.0.&incident=&other=1'))
  expect(filter).toEqual({ outcome: 'denied', guard: 'csrf', client: '203.0.' })
  expect(toQuery(filter)).toBe('?outcome=denied&guard=csrf&client=203.0.')
  expect(toQuery({})).toBe('')
  expect(parseFilter(new URLSearchParams('outcome=nonsense'))).toEqual({})
  const memory = createMemory(10)
  memory.add(event({ request: { id: 'a', method: 'GET', path: '/', ip: '203.0.113.1' } }))
  const [entry] = memory.newest()
  if (entry === undefined) throw new Error('nothing was kept')
  expect(isMatch(entry, filter)).toBe(true)
  for (const other of [{ outcome: 'failed' }, { guard: 'cors' }, { client: '198.' }, { incident: 'b' }] as const)
    expect(isMatch(entry, other)).toBe(false)
})

test('clients are put together by address, those that were stopped most often first', () => {
  const memory = createMemory(100)
  const from = (ip: string, more: Partial<SecurityEvent> = {}) =>
    memory.add(event({ request: { id: 'i', method: 'GET', path: '/a', ip }, ...more }))
  from('203.0.113.1', { outcome: 'observed', user: 'ada' })
  from('203.0.113.2')
  from('203.0.113.2', { guard: 'cors', at: 101 * HOUR })
  memory.add(event())
  const [worst, other, ...none] = clientsOf(memory.newest())
  expect(none).toEqual([])
  expect(worst).toMatchObject({ ip: '203.0.113.2', counts: { denied: 2 }, first: 100 * HOUR, last: 101 * HOUR })
  expect([...(worst?.guards ?? [])]).toEqual([
    ['cors', 1],
    ['csrf', 1],
  ])
  expect([...(other?.users ?? [])]).toEqual(['ada'])
})

test.each([
  ['plain text, äöü 漢字', 'plain text, äöü 漢字'],
  ['a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
  ['line\r\nbreak\u0000', 'line\\u000d\\u000abreak\\u0000'],
  ['zero\u200bwidth\ufeff', 'zero\\u200bwidth\\ufeff'],
  ['tag\u{e0041}', 'tag\\ue0041'],
  ['lone\ud800', 'lone\\ud800'],
])('text is shown as it really is: %j', (text, shown) => {
  expect(toVisible(text)).toBe(shown)
})

test('text is cut, and never in the middle of a character', () => {
  expect(toVisible('x'.repeat(20), 10)).toBe(`${'x'.repeat(10)}…`)
  expect(toVisible(`123456789😀😀`, 10)).toBe('123456789\\ud83d…')
})
