import { createHash } from 'node:crypto'
import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Rate, Taken } from '../../core/store.ts'
import { parseRate } from '../../toolbox/rate.ts'

/** What requests are counted by: the client's address, or what the function answers. */
export type CountBy = 'client' | ((x: Exchange) => string | undefined)

/** How often one route may be called: `'20/min'`, or with what is counted. */
export type RouteLimit = string | { readonly rate: string; readonly by?: CountBy }

/** A limit after start-up, with all text that does not change. */
export interface Limit {
  readonly rate: Rate
  readonly by: CountBy
  /** The name in the headers. */
  readonly name: string
  /** The value of `RateLimit-Policy`. */
  readonly policy: string
}

/** Checks a limit. Throws `BulwarkError` `BULWARK_LIMIT_INVALID` at the place named. */
export function compileLimit(given: RouteLimit, name: string, at: string): Limit {
  const { rate: text, by = 'client' } = typeof given === 'object' && given !== null ? given : { rate: given }
  const rate = typeof text === 'string' ? parseRate(text) : undefined
  if (rate === undefined || !Number.isSafeInteger(rate.burst * rate.period)) {
    throw new BulwarkError('BULWARK_LIMIT_INVALID', `"${String(text)}" is no rate`, {
      at,
      fix: "write it like '20/min', '5/15m' or '100/10s'",
    })
  }
  if (by !== 'client' && typeof by !== 'function') {
    throw new BulwarkError('BULWARK_LIMIT_INVALID', `requests cannot be counted by "${String(by)}"`, {
      at: `${at}.by`,
      fix: "use 'client', or a function that answers a text for each exchange",
    })
  }
  // Whole seconds; a window below one second would read as none at all.
  const window = Math.max(1, Math.ceil(rate.period / 1000))
  return { rate, by, name, policy: `"${name}";q=${rate.burst};w=${window}` }
}

/** The value of `RateLimit`: how many requests are left, and the seconds until all are back. */
export function remainingOf(limit: Limit, taken: Taken): string {
  return `"${limit.name}";r=${taken.remaining};t=${Math.ceil(taken.resetAfter / 1000)}`
}

/** What a limit counts by, short enough for every store: long texts, such as tokens, count by their digest and are not stored. */
export function keyOf(limit: Limit, x: Exchange): string {
  const { by } = limit
  const key = by === 'client' ? undefined : by(x)
  if (key === undefined) return x.request.client
  return key.length <= 64 ? `=${key}` : `#${createHash('sha256').update(key).digest('base64url')}`
}
