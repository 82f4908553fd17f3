import type { Exchange } from '../../core/exchange.ts'
import type { SessionView } from './data.ts'
import { sessionIn } from './open.ts'

export type * from './data.ts'

/**
 * The session that a request carries, or `undefined` for a guest without one: for code of the policy, such as `accessControl.identify`.
 * Handlers have `req.security.session`.
 *
 * @throws BulwarkError `BULWARK_STORE_UNAVAILABLE` (503): a request with a session never becomes a guest's because the store is away
 */
export async function sessionOf(x: Exchange): Promise<SessionView | undefined> {
  return sessionIn(x)?.view()
}
