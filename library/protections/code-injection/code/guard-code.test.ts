import { createRequire } from 'node:module'
import vm, { runInNewContext, Script } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ReportedEvent } from '../../../core/event.ts'
import type { SinkExchange, Stance } from '../../../core/sink.ts'
import { BlockedError } from '../../../firewall/consult.ts'
import { runIn } from '../../../firewall/context.ts'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { guardCode } from './guard-code.ts'

const load = createRequire(import.meta.url)
const events: ReportedEvent[] = []
beforeAll(() => guardCode())
afterEach(() => void events.splice(0))

function sent<T>(text: string, run: () => T, stance: Stance = 'enforce'): T {
  const untrusted = new ClientTexts({
    target: `/?q=${encodeURIComponent(text)}`,
    rawHeaders: [],
    bodyBytes: 0,
    bodyForSinks: [],
    client: 'a',
    header: () => undefined,
  })
  const exchange: SinkExchange = {
    id: '0123456789abcdef',
    untrusted,
    stanceOf: () => stance,
    report: (event) => void events.push(event),
  }
  return runIn(exchange, run)
}

const EVIL = '"a".concat("b")'

describe('text of a client is not compiled', () => {
  const ways: Readonly<Record<string, (text: string) => unknown>> = {
    'new Function': (text) => new Function(`return ${text}`),
    Function: (text) => Function(`return ${text}`),
    'a parameter of Function': (text) => new Function(`a = ${text}`, 'return a'),
    'the constructor of any function': (text) => (() => {}).constructor(`return ${text}`),
    'the constructor of an asynchronous function': (text) => (async () => {}).constructor(`return ${text}`),
    'vm.runInNewContext': (text) => vm.runInNewContext(text),
    'vm.runInThisContext': (text) => vm.runInThisContext(text),
    'vm.runInContext': (text) => vm.runInContext(text, vm.createContext({})),
    'vm.compileFunction': (text) => vm.compileFunction(text),
    'vm.Script': (text) => new vm.Script(text),
    'what was imported from vm': (text) => runInNewContext(text),
    'a class that was imported from vm': (text) => new Script(text),
    'a worker': (text) => new Worker(text, { eval: true }),
  }
  test.each(Object.entries(ways))('by %s', (_, way) => {
    expect(() => sent(EVIL, () => way(EVIL))).toThrow(BlockedError)
    expect(events).toMatchObject([{ guard: 'code-injection', outcome: 'denied' }])
  })

  test('by a generator', () => {
    for (const make of [function* () {}, async function* () {}]) {
      expect(() => sent(EVIL, () => (make.constructor as FunctionConstructor)(`yield ${EVIL}`))).toThrow(BlockedError)
    }
  })

  test('and a module that it named is not loaded', () => {
    expect(() => sent('node:dgram', () => load('node:dgram'))).toThrow(BlockedError)
  })
})

describe('everything is as it was', () => {
  test('for functions and classes', () => {
    expect([(() => {}) instanceof Function, (() => {}).constructor === Function]).toEqual([true, true])
    expect(new Function('a', 'b', 'return a + b')(1, 2)).toBe(3)
    expect([Function.name, Function.length, Function.prototype === Object.getPrototypeOf(() => {})]).toEqual([
      'Function',
      1,
      true,
    ])
    class Own extends Function {}
    const own = new Own('return 5')
    expect([own instanceof Own, (own as () => number)()]).toEqual([true, 5])
    expect(new vm.Script('1 + 1') instanceof Script).toBe(true)
    expect(new vm.Script('1 + 1').runInThisContext()).toBe(2)
  })

  test('for code that the client has no say in', () => {
    expect(sent('a word', () => new Function('return 7')())).toBe(7)
    expect(sent('2*21', () => new Function('return 2*21')())).toBe(42)
    expect(sent('node:os', () => typeof load('node:path'))).toBe('object')
  })

  test('with an event, while the policy observes', () => {
    expect(sent(EVIL, () => new Function(`return ${EVIL}`)(), 'observe')).toBe('ab')
    expect(events).toMatchObject([{ outcome: 'observed' }])
  })
})
