import { AsyncLocalStorage } from 'node:async_hooks'
import type { SinkExchange } from '../core/sink.ts'

/** Copies of this module, such as one per version of the package, carry one and the same exchange. */
const SHARED: unique symbol = Symbol.for('bulwark.firewall') as never

interface Shared {
  readonly storage: AsyncLocalStorage<SinkExchange | undefined>
  sinks: number
}

const shared: Shared = ((globalThis as { [SHARED]?: Shared })[SHARED] ??= {
  storage: new AsyncLocalStorage(),
  sinks: 0,
})

/** Whether anything in this process asks which exchange it is in. Until then, nothing is carried and nothing is paid. */
export function isCarrying(): boolean {
  return shared.sinks > 0
}

/** A sink has been put in place. */
export function startCarrying(): void {
  shared.sinks++
}

/**
 * From here on, whatever is started belongs to this exchange.
 *
 * Node hands out the bytes of a body in the context of the connection, and not in that of the request's listener; so this is said
 * again with each piece of the body.
 */
export function enter(exchange: SinkExchange): void {
  if (shared.sinks > 0) shared.storage.enterWith(exchange)
}

/** The exchange that the running code belongs to. */
export function currentExchange(): SinkExchange | undefined {
  return shared.sinks > 0 ? shared.storage.getStore() : undefined
}

/** Runs the function as a part of this exchange: for callbacks that a driver calls from its own socket. */
export function runIn<T>(exchange: SinkExchange | undefined, run: () => T): T {
  return shared.storage.run(exchange, run)
}
