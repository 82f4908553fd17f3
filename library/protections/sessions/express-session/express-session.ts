import { BulwarkError } from '../../../core/errors.ts'
import { ExchangeSession } from '../session.ts'
import { Bridge, type BridgedRequest } from './bridge.ts'
import { beforeHead, type HeldResponse } from './head.ts'
import { checkOptions, type ExpressSessionOptions } from './options.ts'

export { type OldRedisClient, redisSessions } from '../take-over/redis.ts'
export type { ExpressSessionOptions } from './options.ts'

/** What `expressSession()` is to Express 4 and 5. */
export type ExpressSessionFunction = (req: BridgedRequest, res: HeldResponse, next: (error?: unknown) => void) => void

/**
 * Gives requests a `req.session` as `express-session` does, kept by Bulwark's sessions: for passport, and apps that were written for it.
 *
 * ```ts
 * app.use(bulwark({ store }))
 * app.use(expressSession())
 * app.use(passport.session())
 * ```
 *
 * Properties are read and written at once, and stored key by key before the head of the answer leaves: when that fails, the answer is the
 * failure. The user of passport (`req.session.passport.user`) is the user of `req.security.session` as well, so a sign-in always makes a new
 * id, and `list()`, `end()` and `endAll()` work. `req.session.id` is the session's handle: it names the session, and opens nothing.
 *
 * Hands `BulwarkError` to the error handlers: `BULWARK_STORE_UNAVAILABLE` (503), `BULWARK_SESSION_ENDED` (401), `BULWARK_SESSION_INVALID`, and
 * `BULWARK_ADAPTER_MISUSED` for a request that did not come through Bulwark.
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for options of `express-session` that the policy decides here
 */
export function expressSession(options: ExpressSessionOptions = {}): ExpressSessionFunction {
  const mapping = checkOptions(options)
  return (req, res, next) => {
    if (req.session) return next()
    let bridge: Bridge
    try {
      bridge = new Bridge(req, sessionOf(req), mapping, next)
    } catch (error) {
      return next(error)
    }
    bridge.open().then(
      () => {
        beforeHead(res, bridge, next)
        next()
      },
      (error: unknown) => next(error),
    )
  }
}

function sessionOf({ security }: BridgedRequest): ExchangeSession {
  const session = security?.session
  if (session instanceof ExchangeSession) return session
  throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'expressSession() found no session of Bulwark on the request', {
    fix: 'call app.use(bulwark({ store })) on the same application, and leave the protection "sessions" on',
  })
}
