import type { SinkExchange } from '../core/sink.ts'
import { Carrier } from './carrier.ts'
import { shared } from './shared.ts'

/** Copies of this module carry one and the same exchange. */
const carrier: Carrier = shared('firewall', () => new Carrier())

/** Whether anything in this process may ask which exchange it is in. */
export function hasSinks(): boolean {
  return carrier.hasSinks
}

/** A sink has been put in place that the app is sure to ask, such as around its database. */
export function startCarrying(): void {
  carrier.start()
}

/**
 * A sink has been put in place that many apps never ask. Carrying an exchange costs every promise of the process a little, so it begins with
 * the first call that is made while an exchange is under way. That call, and others of exchanges that were under way then, are judged
 * against all of those: there is no other way to tell whose they are, and none goes unjudged.
 */
export function carryWhenAsked(): void {
  carrier.startWhenAsked()
}

/**
 * From here on, whatever is started belongs to this exchange.
 *
 * Node hands out the bytes of a body in the context of the connection, and not in that of the request's listener; so this is said
 * again with each piece of the body.
 */
export function enter(exchange: SinkExchange): void {
  carrier.enter(exchange)
}

/** The exchange that the running code belongs to. */
export function currentExchange(): SinkExchange | undefined {
  return carrier.current()
}

/** Runs the function as a part of this exchange: for callbacks that a driver calls from its own socket. */
export function runIn<T>(exchange: SinkExchange | undefined, run: () => T): T {
  return carrier.runIn(exchange, run)
}
