import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ReportedEvent } from '../../../core/event.ts'
import type { SinkExchange } from '../../../core/sink.ts'
import { watchPrototypes } from './watch.ts'

const PLACE = Object.prototype as { polluted?: string }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  delete PLACE.polluted
})

function exchange(events: ReportedEvent[]): SinkExchange {
  return { id: 'a', untrusted: {} as never, stanceOf: () => 'enforce', report: (event) => events.push(event) }
}

test('what was written into a prototype is gone when the next request comes', () => {
  const events: ReportedEvent[] = []
  const opened = watchPrototypes({ enforce: true })
  opened(exchange(events))
  PLACE.polluted = 'yes'
  opened(exchange([]))
  expect(PLACE.polluted).toBe(undefined)
  expect(events.map(({ reason }) => reason)).toEqual([
    'Object.prototype.polluted changed while requests were answered, which was seen when the next request came, and was put back',
  ])
})

test('and within a second when none comes, with an event that names the request before', () => {
  const events: ReportedEvent[] = []
  watchPrototypes({ enforce: true })(exchange(events))
  PLACE.polluted = 'yes'
  vi.advanceTimersByTime(1000)
  expect(PLACE.polluted).toBe(undefined)
  expect(events).toHaveLength(1)
})

test('it stays while the firewall only observes', () => {
  const events: ReportedEvent[] = []
  watchPrototypes({ enforce: false })(exchange(events))
  PLACE.polluted = 'yes'
  vi.advanceTimersByTime(3000)
  expect(PLACE.polluted).toBe('yes')
  expect(events.map(({ outcome }) => outcome)).toEqual(['observed'])
})
