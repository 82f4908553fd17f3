import type { Contract, KnownRoute } from '../../core/contract.ts'
import type { Awaitable, Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import type { Taken } from '../../core/store.ts'
import { type Bucket, emptyBucket, pour } from '../../toolbox/gcra.ts'
import { TwoGenerations } from '../../toolbox/two-generations.ts'
import { compileLimit, keyOf, type Limit, type RouteLimit, remainingOf } from './limit.ts'

export type { CountBy, RouteLimit } from './limit.ts'

export interface RateLimitOptions extends CommonOptions {
  /**
   * What one client may send to the whole app: so many requests at once, refilled evenly over the time.
   *
   * Three hundred at once let a browser load several uncached pages with all their pictures, or an office behind one address begin its day;
   * the ten a second that follow are more than people click, and far less than a flood.
   * @default '300/30s'
   */
  readonly global?: string | Off
}

declare module '../../core/contract.ts' {
  interface Contract {
    /**
     * How often one client may call this route, such as `'20/min'`; counted for this route alone, besides the limit of the whole app.
     *
     * **Security**: whoever can choose what `by` answers can choose as many limits.
     */
    readonly limit?: RouteLimit
  }
}

/** Refusals of a shared store that are remembered here. */
const REMEMBERED = 20_000

/** How long nothing more is said about a store that is away. */
const SILENT = 10_000

/**
 * Limits how many requests one client may send, to the whole app and to single routes (generic cell rate algorithm, in the policy's store).
 *
 * A client is an IPv4 address or the /64 of an IPv6 address, as the policy's `proxies` see it. Refuses with 429, `Retry-After` in
 * seconds, and the `RateLimit` and `RateLimit-Policy` fields (draft-ietf-httpapi-ratelimit-headers-10).
 *
 * **Security**: exact under concurrency, also across processes when the store is shared. While the store is away each process counts
 * alone and admits half as much, with an event; never everything (CWE-770, CWE-307, CWE-348; ASVS 2.4.1, 6.3.1, 4.1.3).
 * @throws BulwarkError `BULWARK_LIMIT_INVALID`
 */
export function rateLimit({ global = '300/30s' }: RateLimitOptions, setup: Setup): Guard {
  const { store, now } = setup
  const whole = isOff(global) ? undefined : compileLimit(global, 'app', 'policy.rateLimit.global')
  const byContract = new WeakMap<Contract, Limit>()
  const prefix = `rate:${setup.app}:`
  // A shared store is a round trip away, and a client that it has refused comes back at once. Until when it is refused is known.
  const refusedUntil = store.shared ? new TwoGenerations<number>(REMEMBERED) : undefined

  const limitOf = (contract: Contract, route: KnownRoute | undefined): Limit | undefined => {
    if (contract.limit === undefined) return undefined
    let limit = byContract.get(contract)
    if (limit === undefined) {
      limit = compileLimit(
        contract.limit,
        'route',
        `the limit of ${route ? `${route.method} ${route.path}` : 'a route'}`,
      )
      byContract.set(contract, limit)
    }
    return limit
  }

  const settle = (x: Exchange, limit: Limit, key: string, taken: Taken): Denial | undefined => {
    if (!taken.allowed) {
      refusedUntil?.set(key, now() + taken.retryAfter)
      return refuse(limit, taken)
    }
    // On the limit of the whole app these two headers cost more than the limit itself, so they come when they begin to matter.
    if (limit !== whole || taken.remaining * 4 < limit.rate.burst) {
      x.response.setHeader('RateLimit-Policy', limit.policy)
      x.response.setHeader('RateLimit', remainingOf(limit, taken))
    }
    return undefined
  }

  const judge = (x: Exchange, limit: Limit, key: string): Awaitable<Denial | undefined> => {
    const until = refusedUntil?.get(key)
    if (until !== undefined) {
      const retryAfter = until - now()
      if (retryAfter > 0) return refuse(limit, { allowed: false, remaining: 0, retryAfter, resetAfter: retryAfter })
      refusedUntil?.delete(key)
    }
    let taken: Awaitable<Taken>
    try {
      taken = store.take(key, limit.rate)
    } catch (error) {
      return countHere(x, limit, key, error)
    }
    if ('then' in taken) {
      return taken.then(
        (settled) => settle(x, limit, key, settled),
        (error: unknown) => countHere(x, limit, key, error),
      )
    }
    return settle(x, limit, key, taken)
  }

  const local = new TwoGenerations<Bucket>(REMEMBERED)
  let toldAway = Number.NEGATIVE_INFINITY

  const countHere = (x: Exchange, limit: Limit, key: string, error: unknown): Denial | undefined => {
    const at = now()
    if (at - toldAway >= SILENT) {
      toldAway = at
      x.report({
        guard: 'rate-limit',
        risk: 'unlimited-requests',
        reason: 'the store of limits is away: this process counts alone, and admits half as much',
        fix: 'bring the store back; nothing else has to be done',
        outcome: 'failed',
        error,
      })
    }
    const half = { burst: Math.ceil(limit.rate.burst / 2), period: limit.rate.period }
    let bucket = local.get(key)
    if (bucket === undefined) {
      bucket = emptyBucket(half, at)
      local.set(key, bucket)
    }
    return settle(x, limit, key, pour(bucket, half, 1, at))
  }

  return {
    name: 'rate-limit',
    phase: 'flood',
    onRoutes(routes) {
      for (const route of routes) if (route.contract !== undefined) limitOf(route.contract, route)
    },
    onRequest(x) {
      return whole === undefined ? undefined : judge(x, whole, prefix + x.request.client)
    },
    onRoute(x) {
      const { contract, route } = x
      if (contract?.limit === undefined) return undefined
      const limit = limitOf(contract, route)
      if (limit === undefined) return undefined
      const place = route === undefined ? `${x.request.method} ${x.request.path}` : `${route.method} ${route.path}`
      return judge(x, limit, `${prefix}${place}:${keyOf(limit, x)}`)
    },
  }
}

function refuse(limit: Limit, taken: Taken): Denial {
  return deny('unlimited-requests', `more requests than ${limit.rate.burst} in ${limit.rate.period} ms`, 429, {
    headers: {
      'Retry-After': String(Math.max(1, Math.ceil(taken.retryAfter / 1000))),
      'RateLimit-Policy': limit.policy,
      RateLimit: remainingOf(limit, taken),
    },
  })
}
