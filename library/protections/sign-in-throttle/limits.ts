import { BulwarkError } from '../../core/errors.ts'
import { isOff, type Off } from '../../core/policy.ts'
import type { Rate, Store, Taken } from '../../core/store.ts'
import { type Bucket, emptyBucket, pour } from '../../toolbox/gcra.ts'
import { parseRate } from '../../toolbox/rate.ts'
import { TwoGenerations } from '../../toolbox/two-generations.ts'

/** One rate such as `'10/15m'`, or several that must all allow: the first for a burst, the next for patience. */
export type SignInRate = string | readonly string[]

/** What wrong passwords are counted by. */
export type CountedBy = 'pair' | 'address' | 'account' | 'overall' | 'device'

/** One try that is counted somewhere. */
export interface Claim {
  readonly by: CountedBy
  readonly key: string
  readonly rate: Rate
}

export interface Refused {
  readonly by: CountedBy
  /** Milliseconds. */
  readonly retryAfter: number
}

/** Checks the rates of one kind. Throws `BulwarkError` `BULWARK_LIMIT_INVALID`. */
export function compileRates(given: SignInRate | Off, by: CountedBy): readonly Rate[] {
  if (isOff(given)) return []
  const at = `policy.signInThrottle.${by}`
  const list = typeof given === 'string' ? [given] : given
  if (!Array.isArray(list) || list.length === 0 || list.length > 4) throw invalid(given, at)
  return list.map((text, i) => {
    const rate = typeof text === 'string' ? parseRate(text) : undefined
    if (rate === undefined || !Number.isSafeInteger(rate.burst * rate.period)) throw invalid(text, `${at}[${i}]`)
    return rate
  })
}

export type Take = (key: string, rate: Rate, cost: number) => Promise<Taken>

/** How many limits are kept here while the store is away. */
const KEPT = 20_000

/** Counts in the store; while that is away, in this process, with half the burst. So nobody guesses freely, and people still sign in. */
export function takeFrom(store: Store, now: () => number, onAway: (error: unknown) => void): Take {
  const local = new TwoGenerations<Bucket>(KEPT)
  return async (key, rate, cost) => {
    try {
      return await store.take(key, rate, cost)
    } catch (error) {
      onAway(error)
      const half = { burst: Math.ceil(rate.burst / 2), period: rate.period }
      const bucket = local.get(key) ?? emptyBucket(half, now())
      local.set(key, bucket)
      return pour(bucket, half, cost, now())
    }
  }
}

/**
 * Takes every claim or none. Answers which one was refused.
 *
 * **Security**: each step is atomic in the store, and what was taken is given back only afterwards. So many tries at the same moment may
 * refuse one too many for an instant, but never let one too many through (CWE-367).
 */
export async function reserve(take: Take, claims: readonly Claim[]): Promise<Refused | undefined> {
  for (const [i, { key, rate, by }] of claims.entries()) {
    const { allowed, retryAfter } = await take(key, rate, 1)
    if (allowed) continue
    await giveBack(take, claims.slice(0, i))
    return { by, retryAfter }
  }
  return undefined
}

export async function giveBack(take: Take, claims: readonly Claim[]): Promise<void> {
  for (const { key, rate } of claims) await take(key, rate, -1)
}

function invalid(given: unknown, at: string): BulwarkError {
  return new BulwarkError('BULWARK_LIMIT_INVALID', `"${String(given)}" is no rate`, {
    at,
    fix: "write it like '10/15m', or several like ['5/5m', '20/d']",
  })
}
