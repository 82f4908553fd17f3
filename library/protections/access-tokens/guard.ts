import { BulwarkError } from '../../core/errors.ts'
import type { Awaitable, Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import { loadJose } from '../../tokens/jose.ts'
import {
  type Claims,
  type Expected,
  type Flaw,
  isTokenLike,
  takeApart,
  type Unproved,
  verifyToken,
} from '../../tokens/verify.ts'
import { compileIssuer, type Issuer } from './issuing/issuers.ts'

export interface AccessTokensOptions extends CommonOptions {
  /** Whose tokens count. @default [] (tokens are none of Bulwark's business) */
  readonly issuers?: readonly Issuer[]
}

/** What a route demands of a token besides being good. */
export interface TokenDemand {
  /** Each of these must be in its `scope` (RFC 9068, 2.2.3), or in `scp` as some issuers call it. */
  readonly scope: string | readonly string[]
}

declare module '../../core/contract.ts' {
  interface Contract {
    /**
     * The route is for bearers of a good token: others get 401, and those without the scope 403. `off('why')` leaves tokens that no issuer
     * of the policy has signed to the route itself.
     */
    readonly token?: true | TokenDemand | Off
  }
}

declare module '../../core/security.ts' {
  interface Security {
    /** What the token of this request says, where it carries a good one. */
    readonly token: Claims | undefined
  }
}

const NAME = 'access-tokens'
const MISSING: Denial = deny('missing-token', 'the route is for bearers of a token, and there is none', 401, {
  headers: { 'WWW-Authenticate': 'Bearer' },
})
const RISKS: Readonly<Record<Flaw['kind'], string>> = {
  malformed: 'forged-token',
  forged: 'forged-token',
  foreign: 'foreign-token',
  late: 'expired-token',
}

/** What is known of the token of an exchange. */
type Known = { readonly claims: Claims } | { readonly denial: Denial }

/**
 * Verifies each bearer token before any code of the app sees it, and lets only bearers of one through to routes that declare `token`.
 *
 * **Security**: CWE-347, CWE-613; ASVS 9.1.1 to 9.2.3; RFC 8725, RFC 9068, RFC 6750.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_KEYS_WEAK`, `BULWARK_PACKAGE_MISSING`
 */
export function accessTokens({ issuers = [] }: AccessTokensOptions, setup: Setup): Guard {
  const made = new Map<string, Expected>()
  if (issuers.length > 0) {
    const jose = loadJose()
    issuers.forEach((issuer, i) => {
      const expected = compileIssuer(issuer, i, jose, setup)
      if (made.has(expected.issuer)) {
        throw new BulwarkError('BULWARK_POLICY_INVALID', 'an issuer is in the list twice', {
          at: `policy.accessTokens.issuers[${i}]`,
          fix: 'name it once, with all of its audiences',
        })
      }
      made.set(expected.issuer, expected)
    })
  }
  const judge = (x: Exchange): Awaitable<Denial | undefined> => {
    const text = bearerOf(x.request.header('authorization'))
    if (text === undefined || !isTokenLike(text)) return undefined
    const settle = (known: Known): Denial | undefined => {
      x.notes.set(NAME, known)
      // Some route may want tokens that are not ours: whether this is one of them shows when it is matched.
      return 'denial' in known && !x.waits(NAME) ? known.denial : undefined
    }
    const unproved = takeApart(text)
    if (unproved === undefined) {
      return settle(denied({ kind: 'malformed', why: 'it is no token that could be understood' }))
    }
    const expected = made.get(String(unproved.payload['iss']))
    if (expected === undefined) {
      return settle(denied({ kind: 'foreign', why: 'no issuer of the policy has signed it' }))
    }
    return check(unproved, expected, setup.now()).then(settle)
  }

  return {
    name: 'access-tokens',
    phase: 'access',
    ...(made.size > 0 && { onRequest: judge }),
    onRoute(x) {
      const demand = x.contract?.token
      const known = x.notes.get(NAME) as Known | undefined
      if (known !== undefined && 'denial' in known) return isOff(demand) || x.waits(NAME) ? undefined : known.denial
      if (demand === undefined || isOff(demand)) return undefined
      if (known === undefined) return MISSING
      return demand === true ? undefined : scopeDenial(demand, known.claims)
    },
    onUnrouted(x) {
      const known = x.notes.get(NAME) as Known | undefined
      return known !== undefined && 'denial' in known ? known.denial : undefined
    },
    onRoutes(routes) {
      for (const { method, path, contract } of routes) {
        const demand = contract?.token
        if (demand === undefined || isOff(demand)) continue
        if (made.size > 0 && (demand === true || scopesOf(demand).length > 0)) continue
        throw new BulwarkError(
          'BULWARK_POLICY_INVALID',
          made.size > 0 ? 'a route names an empty scope' : 'a route is for bearers of a token, and no issuer is known',
          { at: `${method} ${path}`, fix: 'name the issuers: accessTokens: { issuers: [{ issuer, audience, keys }] }' },
        )
      }
    },
    offers: {
      token(x) {
        const known = x.notes.get(NAME) as Known | undefined
        return known !== undefined && 'claims' in known ? known.claims : undefined
      },
    },
  }
}

/** RFC 6750, 2.1; the scheme is of any case (RFC 9110, 11.1). */
function bearerOf(header: string | undefined): string | undefined {
  if (header === undefined || header.length < 8 || header[6] !== ' ') return undefined
  return header.slice(0, 6).toLowerCase() === 'bearer' ? header.slice(7).trim() : undefined
}

async function check(unproved: Unproved, expected: Expected, now: number): Promise<Known> {
  const { claims, flaw } = await verifyToken(unproved, expected, now)
  return claims !== undefined ? { claims } : denied(flaw)
}

function denied({ kind, why }: Flaw): Known {
  return {
    denial: deny(RISKS[kind], `a token does not count: ${why}`, 401, {
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    }),
  }
}

function scopeDenial(demand: TokenDemand, claims: Claims): Denial | undefined {
  const { scope, scp } = claims
  const held = new Set(typeof scope === 'string' ? scope.split(' ') : namesIn(scp))
  if (scopesOf(demand).every((one) => held.has(one))) return undefined
  return deny('missing-token', 'the token does not have the scope that the route demands', 403, {
    headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' },
  })
}

function namesIn(scp: unknown): readonly string[] {
  if (typeof scp === 'string') return scp.split(' ')
  return Array.isArray(scp) ? scp.filter((one) => typeof one === 'string') : []
}

function scopesOf({ scope }: TokenDemand): readonly string[] {
  return typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : (scope ?? [])
}
