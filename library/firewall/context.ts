import type { SinkExchange } from '../core/sink.ts'
import { Carrier } from './carrier.ts'

/** Copies of this module, such as one per version of the package, carry one and the same exchange. */
const SHARED: unique symbol = Symbol.for('bulwark.firewall') as never

const shared: Carrier = ((globalThis as { [SHARED]?: Carrier })[SHARED] ??= new Carrier())

/** Whether anything in this process may ask which exchange it is in. */
export function hasSinks(): boolean {
  return shared.hasSinks
}

/** A sink has been put in place that the app is sure to ask, such as around its database. */
export function startCarrying(): void {
  shared.start()
}

/**
 * A sink has been put in place that many apps never ask. Carrying an exchange costs every promise of the process a little, so it begins with
 * the first call that is made while an exchange is under way. That call, and others of exchanges that were under way then, are judged
 * against all of those: there is no other way to tell whose they are, and none goes unjudged.
 */
export function carryWhenAsked(): void {
  shared.startWhenAsked()
}

/**
 * From here on, whatever is started belongs to this exchange.
 *
 * Node hands out the bytes of a body in the context of the connection, and not in that of the request's listener; so this is said
 * again with each piece of the body.
 */
export function enter(exchange: SinkExchange): void {
  shared.enter(exchange)
}

/** The exchange that the running code belongs to. */
export function currentExchange(): SinkExchange | undefined {
  return shared.current()
}

/** Runs the function as a part of this exchange: for callbacks that a driver calls from its own socket. */
export function runIn<T>(exchange: SinkExchange | undefined, run: () => T): T {
  return shared.runIn(exchange, run)
}
