import { EventEmitter } from 'node:events'
import type { SinkExchange } from '../../core/sink.ts'
import { currentExchange, runIn } from '../context.ts'
import { shared } from '../shared.ts'
import type { Known } from './modes.ts'

/** What a driver tells of its work. */
export interface Inspector {
  /**
   * A text is about to be run; throws to stop it. `written` are values that the driver will write into the text by itself,
   * `known` is how the server reads, as far as that is known.
   */
  text(text: string, written?: unknown, known?: Known): void
  /** Values go to the database beside the text: they are no code now, and come back some day. */
  bound(values: unknown): void
}

// biome-ignore lint/suspicious/noExplicitAny: functions of drivers, whose arguments only their own wrapping knows
export type Method = (this: any, ...args: any[]) => any

const WRAPPED: unique symbol = Symbol.for('bulwark.firewall.wrapped') as never
/** Calls that were judged where the app made them; what a pool makes of them later is not judged again, in whatever context. */
const judged = shared('firewall.judged', () => new WeakSet<object>())

/** Puts `make(native)` in the place of a method, once. Answers whether there is such a method, and one that can be replaced. */
export function wrap(owner: object, name: string, make: (native: Method) => Method): boolean {
  const native: unknown = (owner as Record<string, unknown>)[name]
  if (typeof native !== 'function') return false
  if (Object.hasOwn(native, WRAPPED)) return true
  // Some native classes are sealed; their instances are not.
  const own = Object.getOwnPropertyDescriptor(owner, name)
  if (own === undefined ? !Object.isExtensible(owner) : own.configurable !== true) return false
  const method = make(native as Method)
  Object.defineProperties(method, {
    [WRAPPED]: { value: true },
    name: { value: native.name, configurable: true },
    length: { value: native.length, configurable: true },
  })
  Object.defineProperty(owner, name, {
    value: method,
    writable: true,
    configurable: true,
    enumerable: own?.enumerable ?? false,
  })
  return true
}

/** The object in the chain of prototypes that has this method itself. */
export function ownerOf(start: object, name: string): object | undefined {
  for (let at: object | null = start; at !== null; at = Object.getPrototypeOf(at))
    if (Object.hasOwn(at, name)) return at
  return undefined
}

/** A copy of the call's first argument that is known to be judged. The app's own object stays as it is: it may be used again. */
export function asJudged(call: string | object, key: 'text' | 'sql'): object {
  const copy =
    typeof call === 'string'
      ? { [key]: call }
      : Object.assign(Object.create(Object.getPrototypeOf(call)) as object, call)
  judged.add(copy)
  return copy
}

export function markJudged(call: unknown): void {
  if (typeof call === 'object' && call !== null) judged.add(call)
}

export function isJudged(call: unknown): boolean {
  return typeof call === 'object' && call !== null && judged.has(call)
}

/** The callback at the end of the arguments stays with the exchange that made the call: the driver calls it from its own socket. */
export function keepExchange(args: unknown[]): void {
  const exchange = currentExchange()
  const callback = args.at(-1)
  if (exchange !== undefined && typeof callback === 'function')
    args[args.length - 1] = carried(callback as Method, exchange)
}

export function carried(callback: Method, exchange: SinkExchange): Method {
  return function (...results) {
    if (currentExchange() === exchange) return callback.apply(this, results)
    return runIn(exchange, () => callback.apply(this, results))
  }
}

/** Tells the app that its call was stopped, the way its driver tells of errors. */
export function fail(error: unknown, args: readonly unknown[], style: 'promise' | 'throw'): unknown {
  const callback = args.at(-1)
  if (typeof callback === 'function') {
    const command = new EventEmitter()
    process.nextTick(() => {
      callback(error)
      command.emit('end')
    })
    return command
  }
  if (style === 'promise') return Promise.reject(error)
  throw error
}
