import { AsyncLocalStorage } from 'node:async_hooks'
import type { SinkExchange } from '../core/sink.ts'
import { together } from './together.ts'

/** Copies of this module, such as one per version of the package, carry one and the same exchange. */
const SHARED: unique symbol = Symbol.for('bulwark.firewall') as never

interface Shared {
  readonly storage: AsyncLocalStorage<SinkExchange | undefined>
  /** Sinks that ask about every call, or have been asked about one. */
  sinks: number
  /** Sinks in place that nothing has asked yet. */
  waiting: number
  /** The exchanges that were opened last, for the first call that a sink is asked about. */
  readonly recent: (SinkExchange | undefined)[]
  opened: number
  /** Those that were under way when carrying began: their code has nothing to carry. */
  early: readonly SinkExchange[]
}

/** More than are under way in one process at the moment of its first such call. */
const RECENT = 256

const shared: Shared = ((globalThis as { [SHARED]?: Shared })[SHARED] ??= {
  storage: new AsyncLocalStorage(),
  sinks: 0,
  waiting: 0,
  recent: [],
  opened: 0,
  early: [],
})

/** Whether anything in this process may ask which exchange it is in. */
export function hasSinks(): boolean {
  return shared.sinks > 0 || shared.waiting > 0
}

/** A sink has been put in place that the app is sure to ask, such as around its database. */
export function startCarrying(): void {
  shared.sinks++
}

/**
 * A sink has been put in place that many apps never ask. Carrying an exchange costs every promise of the process a little, so it begins with
 * the first call that is made while an exchange is under way. That call, and others of exchanges that were under way then, are judged
 * against all of those: there is no other way to tell whose they are, and none goes unjudged.
 */
export function carryWhenAsked(): void {
  shared.waiting++
}

/**
 * From here on, whatever is started belongs to this exchange.
 *
 * Node hands out the bytes of a body in the context of the connection, and not in that of the request's listener; so this is said
 * again with each piece of the body.
 */
export function enter(exchange: SinkExchange): void {
  if (shared.sinks > 0) shared.storage.enterWith(exchange)
  else if (shared.waiting > 0) shared.recent[shared.opened++ % RECENT] = exchange
}

/** The exchange that the running code belongs to. */
export function currentExchange(): SinkExchange | undefined {
  if (shared.sinks > 0) return shared.storage.getStore() ?? (shared.early.length > 0 ? earlier() : undefined)
  return shared.waiting > 0 && shared.opened > 0 ? begin() : undefined
}

/** Runs the function as a part of this exchange: for callbacks that a driver calls from its own socket. */
export function runIn<T>(exchange: SinkExchange | undefined, run: () => T): T {
  return shared.storage.run(exchange, run)
}

function begin(): SinkExchange | undefined {
  const open = [...new Set(shared.recent)].filter((exchange) => exchange !== undefined).filter(isUnderWay)
  if (open.length === 0) return undefined
  shared.recent.length = 0
  shared.opened = 0
  shared.early = open
  shared.sinks++
  return earlier()
}

function earlier(): SinkExchange | undefined {
  const open = shared.early.filter(isUnderWay)
  shared.early = open
  return open.length > 1 ? together(open) : open[0]
}

function isUnderWay(exchange: SinkExchange): boolean {
  return exchange.isOver !== true
}
