import type { Exchange } from '../../core/exchange.ts'
import { deny, type Guard, type Reply } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import {
  type Allowed,
  checkTokens,
  compileAllow,
  type ListedOrigins,
  type PublicOrigins,
  parseMaxAge,
} from './allow.ts'

export type CorsOptions = CommonOptions & PreflightOptions & (ListedOrigins | PublicOrigins)

export interface PreflightOptions {
  /** @default ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] */
  readonly methods?: readonly string[]
  /** Request headers that scripts may set besides the usual ones (`Content-Type`, `Authorization`, `If-Match`, …). @default [] */
  readonly headers?: readonly string[]
  /** Response headers that scripts may read besides the few that they always may. @default [] */
  readonly expose?: readonly string[]
  /** How long browsers remember the answer to a preflight, up to a day. @default '10m' */
  readonly maxAge?: string | number
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** Who may read this route's answers instead of the policy's list; `off('why')` leaves it to the route itself. */
    readonly cors?: ListedOrigins | PublicOrigins | Off
  }
}

const ALLOW_ORIGIN = 'Access-Control-Allow-Origin'
const ALLOW_CREDENTIALS = 'Access-Control-Allow-Credentials'
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const HEADERS: readonly string[] = [
  'Accept',
  'Accept-Language',
  'Authorization',
  'Content-Language',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-Modified-Since',
  'If-None-Match',
  'Range',
  'X-Requested-With',
]
const MOST_TOLD = 100

/**
 * Lets scripts of listed origins read answers, and nobody else with cookies.
 *
 * Answers preflights itself as soon as the policy or a route lists origins. Until then the app's own CORS headers stay, except those
 * that let a site which is not listed read answers with its visitors' cookies.
 *
 * **Security**: origins are compared whole, never by pattern; `null` never matches (CWE-942, CWE-346, ASVS 3.4.2).
 * @throws BulwarkError `BULWARK_ORIGIN_INVALID`, `BULWARK_POLICY_UNSAFE`, `BULWARK_HEADER_INVALID`, `BULWARK_DURATION_INVALID`
 */
export function cors(options: CorsOptions, setup: Setup): Guard {
  const common = compileAllow(options, setup.origins, 'policy.cors')
  const observe = (options.mode ?? setup.mode) === 'observe'
  const expose = checkTokens(options.expose ?? [], 'policy.cors.expose')
  const preflight: Readonly<Record<string, string>> = {
    'Access-Control-Allow-Methods': checkTokens(options.methods ?? METHODS, 'policy.cors.methods'),
    'Access-Control-Allow-Headers': checkTokens([...HEADERS, ...(options.headers ?? [])], 'policy.cors.headers'),
    'Access-Control-Max-Age': String(parseMaxAge(options.maxAge ?? '10m')),
    Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  }
  const byRoute = new WeakMap<object, Allowed>()
  /** Every origin that may read something, for preflights: those name a path, and no framework matches them to a route. */
  const everywhere: Allowed[] = [common]
  let isListed = options.allow !== undefined
  let leavesSome = false
  let replies = new Map<string, Reply>()
  const told = new Set<string>()

  const allowedOf = (x: Exchange): Allowed | undefined => {
    const own = x.contract?.cors
    if (own === undefined) return common
    return isOff(own) ? undefined : compiled(own)
  }

  const compiled = (own: ListedOrigins | PublicOrigins): Allowed => {
    let allowed = byRoute.get(own)
    if (allowed === undefined) {
      allowed = compileAllow(own, setup.origins, 'contract.cors')
      byRoute.set(own, allowed)
      everywhere.push(allowed)
      isListed = true
      replies = new Map()
    }
    return allowed
  }

  /** One answer per listed origin, made when it is first asked for; only listed origins are kept. */
  const replyTo = (origin: string): Reply | undefined => {
    const known = replies.get(origin)
    if (known !== undefined) return known
    const listing = everywhere.filter(({ origins }) => origins.has(origin))
    if (listing.length === 0) {
      return everywhere.some(({ everybody }) => everybody)
        ? { reply: 204, headers: { ...preflight, [ALLOW_ORIGIN]: '*' } }
        : undefined
    }
    const reply = {
      reply: 204,
      headers: {
        ...preflight,
        [ALLOW_ORIGIN]: origin,
        ...(listing.some(({ credentials }) => credentials) && { [ALLOW_CREDENTIALS]: 'true' }),
      },
    }
    replies.set(origin, reply)
    return reply
  }

  const strip = (x: Exchange): void => {
    if (!observe) {
      x.response.removeHeader(ALLOW_ORIGIN)
      x.response.removeHeader(ALLOW_CREDENTIALS)
    }
    const key = x.route?.path ?? x.request.method
    if (told.size >= MOST_TOLD || told.has(key)) return
    told.add(key)
    x.report({
      guard: 'cors',
      risk: 'cors-misconfiguration',
      reason:
        'the app let a site that is not listed read an answer with the cookies of its visitors; the permission was taken out',
      fix: 'if that site is yours, list it: cors: { allow: [...], credentials: true }; and leave CORS headers to Bulwark',
      ...(observe && { outcome: 'observed' as const }),
    })
  }

  return {
    name: 'cors',
    phase: 'origin',
    onRoutes(routes) {
      for (const { contract } of routes) {
        if (contract?.cors === undefined) continue
        if (isOff(contract.cors)) leavesSome = true
        else compiled(contract.cors)
      }
    },
    onRequest(x) {
      const { method } = x.request
      if (method !== 'OPTIONS' || !isListed) return undefined
      const origin = x.request.header('origin')
      if (origin === undefined || x.request.header('access-control-request-method') === undefined) return undefined
      const reply = replyTo(origin)
      if (reply !== undefined || leavesSome) return reply
      return deny('cors-misconfiguration', 'a preflight from an origin that is not listed')
    },
    onResponse(x) {
      const origin = x.request.header('origin')
      if (origin === undefined) {
        // What a cache keeps for a visitor of the app itself must not be handed to a script of another site, and vice versa.
        if (isListed) x.response.vary('Origin')
        return undefined
      }
      if (x.request.header('sec-fetch-site') === 'same-origin') return undefined
      const isPreflight =
        x.request.method === 'OPTIONS' && x.request.header('access-control-request-method') !== undefined
      // An answer to a preflight holds nothing to read, and with a route that is off it may be that route's.
      if (isPreflight && (isListed || leavesSome)) return undefined
      const allowed = allowedOf(x)
      if (allowed === undefined) return undefined
      if (allowed.origins.has(origin)) {
        x.response.setHeader(ALLOW_ORIGIN, origin)
        if (allowed.credentials) x.response.setHeader(ALLOW_CREDENTIALS, 'true')
        if (expose !== '') x.response.setHeader('Access-Control-Expose-Headers', expose)
        x.response.vary('Origin')
        return undefined
      }
      if (isListed) x.response.vary('Origin')
      if (isOpenTo(origin, x)) strip(x)
      else if (allowed.everybody && x.response.getHeader(ALLOW_ORIGIN) === undefined) {
        x.response.setHeader(ALLOW_ORIGIN, '*')
        if (expose !== '') x.response.setHeader('Access-Control-Expose-Headers', expose)
      }
      return undefined
    },
  }
}

/** Whether the app lets this origin read the answer with cookies. A browser accepts `*` only without them. */
function isOpenTo(origin: string, { response }: Exchange): boolean {
  const credentials = response.getHeader(ALLOW_CREDENTIALS)
  if (credentials === undefined || String(credentials).trim().toLowerCase() !== 'true') return false
  const allowed = response.getHeader(ALLOW_ORIGIN)
  return allowed !== undefined && String(allowed).trim() === origin.trim()
}
