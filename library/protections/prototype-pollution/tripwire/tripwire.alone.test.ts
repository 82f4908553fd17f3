import { execFileSync, spawnSync } from 'node:child_process'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ReportedEvent } from '../../../core/event.ts'
import type { SinkExchange, Stance } from '../../../core/sink.ts'
import { watchCommands } from '../../../firewall/builtins/commands.ts'
import { BlockedError, consult } from '../../../firewall/consult.ts'
import { runIn, startCarrying } from '../../../firewall/context.ts'
import { exchange, setup } from '../../../testing/exchange.ts'
import { prototypePollution } from '../guard.ts'

type Keys = Record<PropertyKey, unknown>

const OBJECT = Object.prototype as unknown as Keys
const facts = setup()
const guard = prototypePollution({ known: ['Array.prototype.shade'] }, facts)
const watching = prototypePollution({ mode: 'observe' }, setup())

beforeAll(() => void answering(() => {}))
afterEach(() => {
  for (const object of [Object.prototype, Array.prototype, Map.prototype]) {
    for (const key of Object.keys(object)) Reflect.deleteProperty(object, key)
  }
})

/** What is told when the answer to a request leaves during which `change` was made. */
function answering(change: () => void, by = guard): ReportedEvent[] {
  const x = exchange()
  void by.onRequest?.(x)
  change()
  by.onResponse?.(x)
  return x.events
}

/** The same, for what is only found by comparing everything. */
function ticking(change: () => void): ReportedEvent[] {
  const x = exchange()
  void guard.onRequest?.(x)
  change()
  guard.onTick?.(0, [])
  guard.onResponse?.(x)
  return x.events
}

describe('a property that a request adds', () => {
  test('is gone when the answer leaves, and the event names it', () => {
    const events = answering(() => void (OBJECT['isAdmin'] = true))
    expect('isAdmin' in {}).toBe(false)
    expect(events).toEqual([
      expect.objectContaining({
        risk: 'prototype-pollution',
        reason: expect.stringMatching(/^Object\.prototype\.isAdmin changed .* put back$/),
        fix: expect.stringContaining('Map'),
      }),
    ])
  })

  test('is gone before the next request is looked at', () => {
    const first = exchange()
    void guard.onRequest?.(first)
    OBJECT['isAdmin'] = true
    const next = exchange()
    void guard.onRequest?.(next)
    expect('isAdmin' in {}).toBe(false)
    expect([first.events.length, next.events.length]).toEqual([1, 0])
    guard.onResponse?.(first)
    guard.onResponse?.(next)
  })

  test('is gone although the answer has left before, and is told of without a request', () => {
    const told = setup()
    const own = prototypePollution({}, told)
    const x = exchange()
    void own.onRequest?.(x)
    own.onResponse?.(x)
    OBJECT['isAdmin'] = true
    own.onTick?.(0, [])
    expect('isAdmin' in {}).toBe(false)
    expect(told.reports).toHaveLength(1)
  })

  test('names the others that were under way', () => {
    const [x, other] = [exchange(), { ...exchange(), id: 'abababababababab' }]
    void guard.onRequest?.(x)
    void guard.onRequest?.(other)
    OBJECT['isAdmin'] = true
    guard.onResponse?.(x)
    guard.onResponse?.(other)
    expect(x.events[0]?.reason).toContain('abababababababab')
  })

  test.each<[string, object]>([
    ['Array.prototype', Array.prototype],
    ['Object', Object],
    ['Function.prototype', Function.prototype],
    ['Map.prototype', Map.prototype],
    ['Error.prototype', Error.prototype],
  ])('is gone from %s', (place, object) => {
    const [event] = answering(() => void ((object as Keys)['planted'] = 1))
    expect(Object.hasOwn(object, 'planted')).toBe(false)
    expect(event?.reason).toContain(`${place}.planted changed`)
  })

  test('is gone from the prototype of texts within a second', () => {
    const [event] = ticking(() => void ((String.prototype as unknown as Keys)['planted'] = 1))
    expect('planted' in Object('')).toBe(false)
    expect(event?.reason).toContain('String.prototype.planted')
  })

  test('is told of without what else the client wrote', () => {
    const long = 'k'.repeat(300)
    const [event] = answering(() => {
      OBJECT[long] = 1
      OBJECT['<script>\n'] = 1
      for (let i = 0; i < 20; i++) OBJECT[`n${i}`] = 1
    })
    expect(event?.reason).not.toMatch(/kkk|script|\n/)
    expect(event?.reason).toContain('a key of 300 characters of Object.prototype')
    expect(event?.reason).toContain('17 more')
    expect(Object.keys(OBJECT)).toEqual([])
  })
})

describe('what was there', () => {
  test('is what it was again after it was replaced', () => {
    const native = OBJECT['toString']
    const [event] = answering(() => void Reflect.set(OBJECT, 'toString', 'text'))
    expect(OBJECT['toString']).toBe(native)
    expect(Object.getOwnPropertyDescriptor(OBJECT, 'toString')?.enumerable).toBe(false)
    expect(event?.reason).toContain('Object.prototype.toString (replaced)')
  })

  test('is there again after it was removed', () => {
    const native = Array.prototype.map
    const [event] = ticking(() => void Reflect.deleteProperty(Array.prototype, 'map'))
    expect(Array.prototype.map).toBe(native)
    expect(event?.reason).toContain('Array.prototype.map (removed)')
  })

  test('inherits from what it did', () => {
    const [event] = ticking(() => void Object.setPrototypeOf(Array.prototype, { isAdmin: true }))
    expect(Object.getPrototypeOf(Array.prototype)).toBe(Object.prototype)
    expect(event?.reason).toContain('what Array.prototype inherits from')
  })

  test('cannot be put back when it was locked, and that is told once', () => {
    const lock = (): void => {
      Object.defineProperty(Boolean.prototype, 'locked', { value: 1, enumerable: true, configurable: false })
    }
    expect(answering(lock)[0]?.reason).toMatch(/Boolean\.prototype\.locked .* cannot be put back/)
    expect(answering(() => {})).toEqual([])
  })
})

describe('what code of the app adds', () => {
  test('late stays, with one event', () => {
    const polyfill = (): void => {
      Object.defineProperty(Array.prototype, 'ownPolyfill', { value: () => 1, configurable: true, writable: true })
      Object.defineProperty(Set.prototype, 'ownVersion', { value: 7, configurable: true, writable: true })
      ;(Map.prototype as unknown as Keys)['ownFunction'] = () => 2
    }
    const [event, ...more] = ticking(polyfill)
    expect(event?.reason).toMatch(
      /^code of the app itself .*Array\.prototype\.ownPolyfill, Map\.prototype\.ownFunction, Set\.prototype\.ownVersion/,
    )
    expect(more).toEqual([])
    expect((Map.prototype as unknown as Keys)['ownFunction']).toBeTypeOf('function')
    expect(ticking(() => {})).toEqual([])
  })

  test('stays without a word where the policy knows it', () => {
    expect(answering(() => void ((Array.prototype as unknown as Keys)['shade'] = 'grey'))).toEqual([])
    expect('shade' in []).toBe(true)
  })
})

test('a policy that only observes leaves what it finds, and tells of it once', () => {
  const events = answering(() => void (OBJECT['seen'] = true), watching)
  expect(events).toEqual([expect.objectContaining({ outcome: 'observed', reason: expect.stringContaining('left so') })])
  expect('seen' in {}).toBe(true)
  expect(answering(() => {}, watching)).toEqual([])
  // Another policy in the same process puts it back.
  expect(answering(() => {})).toEqual([])
  expect('seen' in {}).toBe(false)
  expect(facts.reports.at(-1)?.reason).toContain('Object.prototype.seen')
})

test('a copy of the module remembers the same prototypes', async () => {
  vi.resetModules()
  const copy = await import('../../../firewall/builtins/prototypes.ts')
  expect(copy.prototypes.areRemembered).toBe(true)
  OBJECT['isAdmin'] = true
  expect(copy.prototypes.areTouched()).toBe(true)
  answering(() => {})
  expect('isAdmin' in {}).toBe(false)
  expect(copy.prototypes.areTouched()).toBe(false)
})

describe('before a dangerous call', () => {
  startCarrying()
  const sink = { name: 'any', judge: () => undefined }
  const events: ReportedEvent[] = []
  const within = (stance: Stance): SinkExchange => ({
    id: '0123456789abcdef',
    untrusted: {} as SinkExchange['untrusted'],
    stanceOf: () => stance,
    report: (event) => void events.push(event),
  })
  afterEach(() => void events.splice(0))

  test('everything is put back, and the call is stopped', () => {
    OBJECT['shell'] = '/bin/evil'
    expect(() => runIn(within('enforce'), () => consult(sink, 1))).toThrow(BlockedError)
    expect('shell' in {}).toBe(false)
    expect(events.map(({ outcome }) => outcome)).toEqual(['reported', 'denied'])
    expect(() => runIn(within('enforce'), () => consult(sink, 1))).not.toThrow()
  })

  test('nothing is stopped where the policy observes, or is off', () => {
    OBJECT['shell'] = '/bin/evil'
    expect(() => runIn(within('off'), () => consult(sink, 1))).not.toThrow()
    expect(events).toEqual([])
    expect(() => runIn(within('observe'), () => consult(sink, 1))).not.toThrow()
    expect('shell' in {}).toBe(true)
  })

  test('a program is not started with what others inherit', () => {
    watchCommands({ run: (run) => consult({ name: 'command-injection', judge: () => undefined }, run) })
    const start = (): string =>
      runIn(within('enforce'), () => String(execFileSync(process.execPath, ['-p', 'process.env.PLANTED'])))
    OBJECT['PLANTED'] = 'by a client'
    expect(start).toThrow(BlockedError)
    expect(start().trim()).toBe('undefined')
  })
})

test('frozen prototypes take nothing, and data of the app goes on', () => {
  const source = `
    import { secure } from './library/adapters/node.ts'
    import http from 'node:http'
    const server = http.createServer((req, res) => {
      let threw = ''
      try { Object.prototype.isAdmin = true } catch (error) { threw = error.name }
      const own = Object.assign({}, { title: 'x' })
      res.end(JSON.stringify({ threw, isAdmin: 'isAdmin' in {}, own, isFrozen: Object.isFrozen(Array.prototype) }))
    })
    secure(server, { prototypePollution: { freeze: true }, onEvent: (event) => console.error(event.reason) })
    server.listen(0, '127.0.0.1', async () => {
      for (let i = 0; i < 2; i++) {
        const answer = await fetch('http://127.0.0.1:' + server.address().port)
        console.log(await answer.text())
      }
      server.close()
      server.closeAllConnections()
    })`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', source]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 })
  const answer = JSON.stringify({ threw: 'TypeError', isAdmin: false, own: { title: 'x' }, isFrozen: true })
  expect(stdout.trim().split('\n'), stderr).toEqual([answer, answer])
  expect(stderr).not.toContain('prototype')
}, 30_000)
