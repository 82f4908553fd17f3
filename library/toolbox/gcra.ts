/** `burst` requests at once, refilled evenly over `period` milliseconds. Both are whole numbers from 1. */
export interface BucketRate {
  readonly burst: number
  readonly period: number
}

/**
 * What a limit remembers of one key.
 *
 * One request fills in `period` units, `burst` units drain away in each millisecond, and `burst * period` is full: all whole numbers.
 * The usual form of the generic cell rate algorithm keeps a time instead, and rounds it off with every request.
 */
export interface Bucket {
  level: number
  /** Milliseconds since the epoch at which the level was right. */
  at: number
  /** The period that the level counts in. */
  period: number
}

/** The answer to one take; the same shape as the stores' own. */
export interface BucketState {
  readonly allowed: boolean
  readonly remaining: number
  readonly retryAfter: number
  readonly resetAfter: number
}

/** Whether the rate can be counted exactly: whole numbers from 1 whose product is below 2^53. */
export function isBucketRate(rate: BucketRate): boolean {
  const { burst, period } = rate
  return (
    Number.isInteger(burst) &&
    Number.isInteger(period) &&
    burst >= 1 &&
    period >= 1 &&
    Number.isSafeInteger(burst * period)
  )
}

/** An empty bucket: nothing taken yet. */
export function emptyBucket(rate: BucketRate, now: number): Bucket {
  return { level: 0, at: now, period: rate.period }
}

/**
 * Takes `cost` requests out of the limit, if they fit; the bucket changes in place. A cost of 0 only looks, a cost below 0 gives back.
 * Of a refusal, `retryAfter` says when this cost fits; of all else, when one more request does.
 */
export function pour(bucket: Bucket, rate: BucketRate, cost: number, now: number): BucketState {
  const { burst, period } = rate
  const full = burst * period
  drain(bucket, rate, now)
  const allowed = cost <= 0 || (cost <= burst && bucket.level + cost * period <= full)
  if (allowed) bucket.level = Math.max(0, bucket.level + cost * period)
  const room = full - bucket.level
  // What is more than a full burst never fits; it hears when the bucket is empty.
  const wanted = (allowed ? 1 : Math.min(cost, burst)) * period
  return {
    allowed,
    remaining: Math.floor(room / period),
    retryAfter: room >= wanted ? 0 : Math.ceil((wanted - room) / burst),
    resetAfter: Math.ceil(bucket.level / burst),
  }
}

function drain(bucket: Bucket, rate: BucketRate, now: number): void {
  const { burst, period } = rate
  if (bucket.period !== period) {
    // The policy has changed: as many requests as before are taken, counted in the new units.
    bucket.level = Math.ceil((bucket.level / bucket.period) * period)
    bucket.period = period
  }
  // A clock that was set back drains nothing, and counts on from where it stands now.
  if (now > bucket.at) bucket.level = Math.max(0, bucket.level - (now - bucket.at) * burst)
  bucket.level = Math.min(bucket.level, burst * period)
  bucket.at = now
}
