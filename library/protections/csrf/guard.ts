import type { Awaitable, Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import { hostOf, parseOrigin } from '../../toolbox/origins.ts'
import { perVersion } from '../../toolbox/per-version.ts'
import { checkCookie, checkDemand, checkLifetime, checkOrigin, keysFor, unknownContract } from './tokens/checks.ts'
import { fieldsOf, tokenIn } from './tokens/field.ts'
import { type Judged, Tokens } from './tokens/tokens.ts'
import { Visitors } from './tokens/visitors.ts'

export interface CsrfOptions extends CommonOptions {
  /**
   * Origins besides the policy's own that may send state-changing requests, such as `https://pay.example`.
   *
   * **Security**: each of them can act as your signed-in users. A sibling subdomain is not trusted unless it is listed.
   * @default []
   */
  readonly trustedOrigins?: readonly string[]
  /**
   * What besides the headers has to carry a token of the visitor's own, from `req.security.csrfToken()`:
   * - `'required'`: every state-changing request
   * - `'old-browsers'`: those with neither `Sec-Fetch-Site` nor `Origin`, if they carry a cookie or a password of the browser's
   *
   * Left out, only routes that say `secure({ csrf: 'token' })`.
   */
  readonly tokens?: 'required' | 'old-browsers'
  /** How long a token is good, within the session. @default '12h' */
  readonly tokenLifetime?: string | number
  /** The cookie of sessions that another package keeps, such as `connect.sid`: tokens are then bound to its value. */
  readonly sessionCookie?: string
}

declare module '../../core/contract.ts' {
  interface Contract {
    /**
     * `'token'` demands a token for each state-changing request to this route. `off('why')` lets other sites call it: for webhooks, which
     * prove themselves in another way.
     */
    readonly csrf?: 'token' | Off
    /** The route changes something although its method is GET or HEAD; it is then guarded like a POST. */
    readonly changesState?: boolean
  }
}

declare module '../../core/security.ts' {
  interface Security {
    /**
     * A token for the forms and scripts of this page, sent back as the field `_csrf` or the header `X-CSRF-Token`: another text at each
     * call. Good for this visitor until the session changes.
     *
     * **Security**: never put it into an address, where logs and other sites see it (ASVS 3.5.1, 14.2.1).
     * @throws BulwarkError `BULWARK_KEYS_MISSING` in production; `BULWARK_COOKIE_INVALID` when the answer has begun
     */
    csrfToken(): string
  }
}

const MISSING: Denial = deny('csrf', 'a state-changing request without a token')
const REFUSALS: Readonly<Record<Exclude<Judged, 'valid'>, Denial>> = {
  malformed: deny('csrf', 'a state-changing request with something that is no token'),
  foreign: deny('csrf', 'a state-changing request with a token of another session, or of nobody'),
  expired: deny('csrf', 'a state-changing request with a token that is too old'),
}

/**
 * Denies state-changing requests and WebSocket handshakes that a browser sends from another site.
 *
 * Reads `Sec-Fetch-Site`, then `Origin`; needs no token, cookie or session. A request with neither header does not come from
 * a browser of this decade, and passes: nobody's cookies travel with it. Tokens bound to the session are there for where that is not
 * enough; they are demanded besides the headers, never instead.
 *
 * **Security**: `same-site` is not safe, since any sibling subdomain would be trusted (CWE-352, ASVS 3.5.1, 3.5.3; WebSocket: CWE-1385, ASVS 4.4.2).
 * @throws BulwarkError `BULWARK_ORIGIN_INVALID`, `BULWARK_POLICY_INVALID`, `BULWARK_DURATION_INVALID`, `BULWARK_COOKIE_INVALID`,
 * `BULWARK_KEYS_MISSING` when tokens are demanded in production and the policy has no keys
 */
export function csrf(options: CsrfOptions, setup: Setup): Guard {
  const { trustedOrigins = [], tokens: demanded } = options
  const trusted = new Set([...setup.origins, ...trustedOrigins.map(checkOrigin)])
  const knowsOwnOrigin = setup.origins.length > 0
  const lifetime = checkLifetime(options.tokenLifetime ?? '12h')

  let isUsed = false

  const tokens = perVersion(setup.ring, () => {
    isUsed = true
    return new Tokens(setup.app, keysFor(setup), lifetime, setup.now)
  })
  const sessionCookie = checkCookie(options.sessionCookie)
  const visitors = new Visitors({ app: setup.app, binding: setup.binding, sessionCookie, tokens })

  // A missing key must show when the app starts, not when somebody submits the first form.
  if (checkDemand(demanded) !== undefined) tokens()

  const judge = (x: Exchange): Denial | undefined => {
    const site = x.request.header('sec-fetch-site')
    if (site === 'same-origin' || site === 'none') return undefined
    const origin = x.request.header('origin')
    if (site === undefined && origin === undefined) return undefined
    if (origin !== undefined && trusted.has(origin)) return undefined
    // Without `Sec-Fetch-Site` the scheme cannot be compared unless the policy names the origin; HSTS is the answer to http -> https.
    if (site === undefined && !knowsOwnOrigin && origin !== undefined && isOwnHost(origin, x)) return undefined
    return x.request.upgrade
      ? deny('cross-site-websocket', 'a WebSocket handshake from another site')
      : deny('csrf', 'a state-changing request from another site')
  }

  const demandsToken = (x: Exchange): boolean => {
    if (demanded !== 'old-browsers') return demanded === 'required'
    const { request } = x
    const isBare = request.header('sec-fetch-site') === undefined && request.header('origin') === undefined
    return isBare && visitors.carriesIdentity(x)
  }

  const verdictOn = (x: Exchange, token: string | undefined): Denial | undefined => {
    if (token === undefined) return MISSING
    const judged = tokens().judge(token, visitors.boundsOf(x))
    return judged === 'valid' ? undefined : REFUSALS[judged]
  }

  const judgeToken = (x: Exchange): Awaitable<Denial | undefined> => {
    const { request } = x
    const token = request.header('x-csrf-token')
    if (token !== undefined) return verdictOn(x, token)
    const fields = request.hasBody ? fieldsOf(request.header('content-type')) : undefined
    if (fields === undefined) return MISSING
    const start = request.bodyStart()
    if (Array.isArray(start)) return verdictOn(x, tokenIn(fields, start))
    return Promise.resolve(start).then((chunks) => verdictOn(x, tokenIn(fields, chunks)))
  }

  const judgeRoute = (x: Exchange): Awaitable<Denial | undefined> => {
    const { contract } = x
    const own = contract?.csrf
    if (isOff(own)) return undefined
    const safe = isSafe(x)
    if (safe && contract?.changesState !== true) return undefined
    const denial = safe || x.isDue('csrf') ? judge(x) : undefined
    if (denial !== undefined) return denial
    // A link cannot carry a token, so a GET needs one only where the route itself says so.
    const isDue = safe ? own === 'token' : demandsToken(x) ? x.isDue('csrf') : own === 'token'
    return isDue ? judgeToken(x) : undefined
  }

  return {
    name: 'csrf',
    phase: 'origin',
    onRoutes(routes) {
      for (const { contract } of routes) {
        if (contract?.csrf === 'token') tokens()
        else if (contract?.csrf !== undefined && !isOff(contract.csrf)) throw unknownContract()
      }
    },
    onRequest(x) {
      const { upgrade } = x.request
      if (!upgrade && isSafe(x)) return undefined
      if (!upgrade) x.response.vary('Sec-Fetch-Site, Origin')
      // An exemption hangs on its route, so where the request may come to one the verdict has to wait until that is known.
      if (x.waits('csrf')) return undefined
      const denial = judge(x)
      if (denial !== undefined || upgrade) return denial
      return demandsToken(x) ? judgeToken(x) : undefined
    },
    onRoute: judgeRoute,
    onUnrouted: judgeRoute,
    onResponse(x) {
      if (isUsed) visitors.leave(x)
      return undefined
    },
    offers: {
      csrfToken: (x) => () => visitors.show(x),
    },
  }
}

function isSafe({ request: { method } }: Exchange): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

function isOwnHost(origin: string, x: Exchange): boolean {
  const own = parseOrigin(origin)
  return own !== undefined && hostOf(own) === x.request.host.toLowerCase()
}
