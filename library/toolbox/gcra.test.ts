import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BucketRate, emptyBucket, isBucketRate, pour } from './gcra.ts'

const rate = fc.record({
  burst: fc.integer({ min: 1, max: 1_000_000 }),
  period: fc.integer({ min: 1, max: 86_400_000 }),
})

test('it answers as the cell rate algorithm does in exact fractions', () => {
  const step = fc.record({ wait: fc.nat({ max: 5000 }), cost: fc.integer({ min: -2, max: 12 }) })
  fc.assert(
    fc.property(rate, fc.array(step, { maxLength: 80 }), (limit, steps) => {
      let now = 1_800_000_000_000
      const bucket = emptyBucket(limit, now)
      const model = new ExactCells(limit)
      for (const { wait, cost } of steps) {
        now += wait
        expect(pour(bucket, limit, cost, now)).toEqual(model.take(BigInt(now), BigInt(cost)))
      }
    }),
  )
})

test('a whole burst fits, however large, and nothing more', () => {
  fc.assert(
    fc.property(rate, fc.nat({ max: 1000 }), (limit, parts) => {
      const bucket = emptyBucket(limit, 0)
      const part = Math.max(1, Math.floor(limit.burst / (parts + 1)))
      let admitted = 0
      while (pour(bucket, limit, part, 0).allowed) admitted += part
      while (pour(bucket, limit, 1, 0).allowed) admitted++
      expect(admitted).toBe(limit.burst)
    }),
  )
})

test.each<[number, number, boolean]>([
  [1, 1, true],
  [1_000_000, 86_400_000, true],
  [0, 1, false],
  [1, 0, false],
  [-1, 1, false],
  [1.5, 1, false],
  [1, 1.5, false],
  [Number.NaN, 1, false],
  [1, Number.POSITIVE_INFINITY, false],
  [2 ** 27, 2 ** 27, false],
])('%d in %d ms can be counted: %s', (burst, period, expected) => {
  expect(isBucketRate({ burst, period })).toBe(expected)
})

/** The textbook form: the theoretical arrival time of the next cell, times the burst so that it stays a whole number. */
class ExactCells {
  readonly #burst: bigint
  readonly #period: bigint
  #arrival = 0n

  constructor(limit: BucketRate) {
    this.#burst = BigInt(limit.burst)
    this.#period = BigInt(limit.period)
  }

  take(ms: bigint, cost: bigint): unknown {
    const now = ms * this.#burst
    const full = this.#period * this.#burst
    const arrival = this.#arrival > now ? this.#arrival : now
    const next = arrival + cost * this.#period
    const allowed = cost <= 0n || next - now <= full
    this.#arrival = !allowed ? arrival : next > now ? next : now
    const debt = this.#arrival - now
    const wanted = (allowed ? 1n : cost < this.#burst ? cost : this.#burst) * this.#period
    const missing = debt + wanted - full
    return {
      allowed,
      remaining: Number((full - debt) / this.#period),
      retryAfter: missing > 0n ? Number(roundedUp(missing, this.#burst)) : 0,
      resetAfter: Number(roundedUp(debt, this.#burst)),
    }
  }
}

function roundedUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by
}
