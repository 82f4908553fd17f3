import { afterEach, describe, expect, test } from 'vitest'
import type { ReportedEvent } from '../core/event.ts'
import { deny } from '../core/guard.ts'
import type { Sink, SinkExchange, Stance, Untrusted } from '../core/sink.ts'
import { BlockedError, consult } from './consult.ts'
import { currentExchange, enter, hasSinks, runIn, startCarrying } from './context.ts'

const untrusted: Untrusted = {
  client: 'a',
  host: '',
  texts: () => [],
  structured: () => [],
  values: () => [],
  names: () => new Set(),
  named: () => [],
  rest: () => '',
}
const events: ReportedEvent[] = []
afterEach(() => void events.splice(0))

function exchange(stance: Stance): SinkExchange {
  return { id: '0123456789abcdef', untrusted, stanceOf: () => stance, report: (event) => void events.push(event) }
}

const never: Sink<string> = { name: 'files', judge: () => deny('files', 'no file may be opened') }
const broken: Sink<string> = {
  name: 'files',
  judge: () => {
    throw new Error('a mistake')
  },
}

describe('a call that a sink denies', () => {
  startCarrying()

  test('fails with an error that frameworks answer, and an event of the same incident', () => {
    const call = () => runIn(exchange('enforce'), () => consult(never, 'secret.txt'))
    expect(call).toThrow(BlockedError)
    expect(call).toThrow(
      expect.objectContaining({ status: 403, statusCode: 403, expose: false, incident: '0123456789abcdef' }),
    )
    expect(call).not.toThrow(/secret/)
    expect(events[0]).toEqual({ guard: 'files', risk: 'files', reason: 'no file may be opened', outcome: 'denied' })
  })

  test('passes with an event while the policy observes', () => {
    runIn(exchange('observe'), () => consult(never, 'a'))
    expect(events).toMatchObject([{ outcome: 'observed' }])
  })

  test('passes while the policy observes everything, unless its own mode says otherwise', () => {
    expect(() => runIn(exchange('observe'), () => consult(never, 'a', 'enforce'))).toThrow(BlockedError)
  })

  test('passes without an event where the policy turned the protection off, whatever its own mode', () => {
    runIn(exchange('off'), () => consult(never, 'a', 'enforce'))
    expect(events).toEqual([])
  })

  test('passes outside of any exchange', () => {
    consult(never, 'a')
    expect(events).toEqual([])
  })
})

test('a sink that breaks lets the call pass, and says so', () => {
  runIn(exchange('enforce'), () => consult(broken, 'a'))
  expect(events).toMatchObject([{ outcome: 'failed', error: expect.any(Error) }])
})

test('an exchange goes with everything that it starts, and with nothing else', async () => {
  expect(hasSinks()).toBe(true)
  const one = exchange('enforce')
  const two = exchange('observe')
  const later = async (own: SinkExchange): Promise<boolean> => {
    enter(own)
    await new Promise((done) => setTimeout(done, 2))
    return currentExchange() === own
  }
  const apart = (own: SinkExchange): Promise<boolean> => new Promise((done) => setImmediate(() => done(later(own))))
  expect(await Promise.all([one, two].map(apart))).toEqual([true, true])
  expect(currentExchange()).toBeUndefined()
})
