import type { Exchange } from '../../core/exchange.ts'
import type { ExchangeSession } from './session.ts'

/** Sessions by exchange, for those that carry a cookie or asked for one. A weak map, as notes would cost every request a map of its own. */
const open = new WeakMap<Exchange, ExchangeSession>()

export function sessionIn(x: Exchange): ExchangeSession | undefined {
  return open.get(x)
}

export function keepSession(x: Exchange, session: ExchangeSession): ExchangeSession {
  open.set(x, session)
  return session
}
