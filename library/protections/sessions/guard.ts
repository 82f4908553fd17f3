import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { findCookie } from '../../toolbox/cookies.ts'
import { parseDuration } from '../../toolbox/duration.ts'
import type { Session, SessionUser } from './data.ts'
import { Ledger } from './ledger.ts'
import { keepSession, sessionIn } from './open.ts'
import { isSessionId } from './record.ts'
import { inOneProcess } from './refusals.ts'
import { ExchangeSession, type SessionFacts } from './session.ts'
import { TakeOver, type TakeOverOptions } from './take-over/take-over.ts'

export interface SessionsOptions extends CommonOptions {
  /** A session ends when it was not used for so long. @default '30m' */
  readonly idle?: string | number
  /** A session ends so long after it began or was signed in to, however much it is used. @default '12h' */
  readonly absolute?: string | number
  /** How many sessions one user may have at once; the one with the oldest sign-in ends. @default 100 */
  readonly limit?: number
  /**
   * Keeps sessions in the memory of one process in production too.
   * **Security**: they end with the process, and what one process ended, another does not know.
   * @default false
   */
  readonly insecureMemory?: boolean
  /** Goes on with the sessions that `express-session` began, so that nobody is signed out when an app moves to Bulwark. */
  readonly takeOver?: TakeOverOptions
}

declare module '../../core/security.ts' {
  interface Security {
    /** The session of this request; a guest gets one when something is stored. */
    readonly session: Session
    /** Who is signed in, read from the session when first asked. */
    user(): Promise<SessionUser | undefined>
  }
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** Refuses with 401 whoever did not sign in within this time, such as `'10m'`: for steps that a borrowed browser must not take. */
    readonly fresh?: string | number
  }
}

/**
 * Keeps sessions on the server, under ids that nobody can guess and that change when somebody signs in.
 *
 * The cookie holds 256 random bits and the store their SHA-256. A request that never asks for its session costs no question to the store.
 * **Security**: CWE-384, CWE-613, CWE-330; ASVS 7.2.1 to 7.2.4, 7.3.1, 7.3.2, 7.4.1 to 7.4.3, 7.5.1.
 * @throws BulwarkError `BULWARK_DURATION_INVALID`, `BULWARK_POLICY_INVALID`, `BULWARK_POLICY_UNSAFE`
 */
export function sessions(options: SessionsOptions, setup: Setup): Guard {
  const { limit = 100, insecureMemory = false } = options
  const idle = checkDuration(options.idle ?? '30m', 'policy.sessions.idle')
  const absolute = checkDuration(options.absolute ?? '12h', 'policy.sessions.absolute')
  if (idle > absolute) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'sessions would end before they can be idle for so long', {
      at: 'policy.sessions.idle',
      fix: 'make idle shorter than absolute, such as 30m and 12h',
    })
  }
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'the limit is no number of sessions', {
      at: 'policy.sessions.limit',
      fix: 'write a whole number from 1; 1 ends the session before at every sign-in',
    })
  }
  const refused = setup.production && !setup.store.shared && !insecureMemory
  if (setup.production && !setup.store.shared) {
    // Sessions are certainly in use where the policy speaks of them; elsewhere the app may have none at all.
    if (refused && Object.keys(options).some((key) => key !== 'mode')) throw inOneProcess()
    setup.report({
      guard: 'sessions',
      risk: 'sessions-in-one-process',
      reason: refused
        ? 'the policy has no store that outlives this process, so using a session will fail'
        : 'sessions are kept in the memory of this process, as the policy says',
      fix: "if the app uses sessions, give the policy a store, such as sqliteStore('app.db')",
    })
  }

  const { app, store, now } = setup
  const ledger = new Ledger({ app, store, idle, absolute, now })
  const takeOver = options.takeOver && new TakeOver(options.takeOver, { app, store, ledger, limit, now })
  const facts: SessionFacts = {
    app,
    cookie: `__Host-${app}-session`,
    ledger,
    limit,
    earlier: takeOver,
    now,
    check() {
      if (refused) throw inOneProcess()
    },
  }
  const freshness = new Map<string | number, number>()
  let isUsed = takeOver !== undefined

  const freshOf = (fresh: string | number): number => {
    let ms = freshness.get(fresh)
    if (ms === undefined) {
      ms = checkDuration(fresh, 'secure({ fresh })')
      freshness.set(fresh, ms)
    }
    return ms
  }

  /** Nothing that a client made up is ever looked for, let alone taken over. */
  const carried = (x: Exchange): ExchangeSession | undefined => {
    const header = x.request.header('cookie')
    if (header === undefined) return undefined
    const id = findCookie(header, facts.cookie)
    if (id !== undefined && isSessionId(id)) return keepSession(x, new ExchangeSession(x, facts, id))
    const old = takeOver && findCookie(header, takeOver.cookie)
    return old === undefined ? undefined : keepSession(x, new ExchangeSession(x, facts, undefined, old))
  }

  // Tokens are judged before sessions are: whoever asks first opens the session.
  setup.binding.of = (x) => (sessionIn(x) ?? carried(x))?.binding

  const offered = (x: Exchange): ExchangeSession => {
    facts.check()
    isUsed = true
    return sessionIn(x) ?? keepSession(x, new ExchangeSession(x, facts, undefined))
  }

  return {
    name: 'sessions',
    phase: 'access',
    onRequest(x) {
      if (sessionIn(x) === undefined) carried(x)
      return undefined
    },
    onRoutes(routes) {
      for (const { contract } of routes) if (contract?.fresh !== undefined) freshOf(contract.fresh)
    },
    onRoute(x) {
      const fresh = x.contract?.fresh
      return fresh === undefined ? undefined : judgeFreshness(x, freshOf(fresh), setup.now)
    },
    onResponse(x) {
      if (!isUsed) return undefined
      const session = sessionIn(x)
      if (session === undefined || (session.line === undefined && session.removal === undefined)) return undefined
      const { response } = x
      const there = response.getHeader('set-cookie')
      const lines =
        there === undefined ? [] : Array.isArray(there) ? [...(there as readonly string[])] : [String(there)]
      if (session.line !== undefined) lines.push(session.line)
      if (session.removal !== undefined) lines.push(session.removal)
      response.setHeader('Set-Cookie', lines)
      // A cache that keeps this answer would hand out the session (RFC 9111, section 7.3).
      response.setHeader('Cache-Control', 'no-store')
      if (session.signedOut) response.setHeader('Clear-Site-Data', '"cookies", "storage"')
      return undefined
    },
    offers: {
      session: offered,
      user: (x) => () => offered(x).user(),
    },
  }
}

async function judgeFreshness(x: Exchange, ms: number, now: () => number): Promise<Denial | undefined> {
  const view = await sessionIn(x)?.view()
  const age = view?.signedInAt === undefined ? Number.POSITIVE_INFINITY : now() - view.signedInAt
  if (age < ms) return undefined
  const reason = Number.isFinite(age) ? 'the last sign-in is too long ago for this route' : 'nobody has signed in'
  // Tells the page to ask for the password again, in the way of RFC 9470.
  const challenge = `Session error="insufficient_user_authentication", max_age="${Math.floor(ms / 1000)}"`
  return deny('stale-sign-in', reason, 401, { headers: { 'WWW-Authenticate': challenge } })
}

function checkDuration(text: string | number, at: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new BulwarkError('BULWARK_DURATION_INVALID', 'this is no length of time', {
    at,
    fix: "write it like '30m' or '12h'",
  })
}
