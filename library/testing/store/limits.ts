import type { Rate, Store } from '../../core/store.ts'
import type { StoreCase } from './cases.ts'
import { codeOf } from './values.ts'

const tenPerSecond: Rate = { burst: 10, period: 1000 }

/** What every store promises about limits. */
export const limitCases: readonly StoreCase[] = [
  {
    title: 'a limit admits its burst and says what is left',
    async run(store, { expect }) {
      expect(await store.take('k', tenPerSecond)).toEqual({
        allowed: true,
        remaining: 9,
        retryAfter: 0,
        resetAfter: 100,
      })
      for (let left = 8; left > 0; left--) expect((await store.take('k', tenPerSecond)).remaining).toBe(left)
      const last = { allowed: true, remaining: 0, retryAfter: 100, resetAfter: 1000 }
      expect(await store.take('k', tenPerSecond)).toEqual(last)
      expect(await store.take('k', tenPerSecond)).toEqual({ ...last, allowed: false })
    },
  },
  {
    title: 'of 1,000 takes at once exactly the burst is admitted',
    async run(store, { expect }) {
      const rate = { burst: 137, period: 60_000 }
      const takes = await Promise.all(Array.from({ length: 1000 }, async () => store.take('k', rate)))
      expect(takes.filter((taken) => taken.allowed).length).toBe(137)
      const remaining = takes.filter((taken) => taken.allowed).map((taken) => taken.remaining)
      expect(new Set(remaining).size).toBe(137)
    },
  },
  {
    title: 'one request comes back after its share of the period, not earlier, and no second one',
    async run(store, { expect, advance }) {
      await exhaust(store, 'k', tenPerSecond)
      advance(99)
      expect(await store.take('k', tenPerSecond)).toEqual({
        allowed: false,
        remaining: 0,
        retryAfter: 1,
        resetAfter: 901,
      })
      advance(1)
      expect((await store.take('k', tenPerSecond)).allowed).toBe(true)
      expect((await store.take('k', tenPerSecond)).allowed).toBe(false)
    },
  },
  {
    title: 'being refused does not prolong the wait',
    async run(store, { expect, advance }) {
      await exhaust(store, 'k', tenPerSecond)
      for (let ms = 0; ms < 100; ms++) {
        expect((await store.take('k', tenPerSecond)).allowed).toBe(false)
        advance(1)
      }
      expect((await store.take('k', tenPerSecond)).allowed).toBe(true)
    },
  },
  {
    title: 'however long nobody asked, the burst is all there is',
    async run(store, { expect, advance }) {
      await exhaust(store, 'k', tenPerSecond)
      advance(30 * 86_400_000)
      expect(await exhaust(store, 'k', tenPerSecond)).toBe(10)
    },
  },
  {
    title: 'a rate that divides into no whole milliseconds loses and gains nothing in the long run',
    async run(store, { expect, advance }) {
      const rate = { burst: 7, period: 1000 }
      let admitted = await exhaust(store, 'k', rate)
      for (let step = 0; step < 300; step++) {
        advance(31)
        while ((await store.take('k', rate)).allowed) admitted++
      }
      // 9,300 ms refill 65.1 requests.
      expect(admitted).toBe(7 + 65)
    },
  },
  {
    title: 'waiting for retryAfter is enough, and one millisecond less is not',
    async run(store, { expect, advance }) {
      for (const rate of [
        tenPerSecond,
        { burst: 7, period: 1000 },
        { burst: 3, period: 10_001 },
        { burst: 500, period: 100 },
      ]) {
        const key = `${rate.burst}/${rate.period}`
        await exhaust(store, key, rate)
        const { retryAfter } = await store.take(key, rate)
        advance(retryAfter - 1)
        expect((await store.take(key, rate)).allowed, key).toBe(false)
        advance(1)
        expect((await store.take(key, rate)).allowed, key).toBe(true)
      }
    },
  },
  {
    title: 'a cost takes as much at once, or nothing',
    async run(store, { expect, advance }) {
      expect(await store.take('k', tenPerSecond, 7)).toEqual({
        allowed: true,
        remaining: 3,
        retryAfter: 0,
        resetAfter: 700,
      })
      expect(await store.take('k', tenPerSecond, 4)).toEqual({
        allowed: false,
        remaining: 3,
        retryAfter: 100,
        resetAfter: 700,
      })
      expect((await store.take('k', tenPerSecond, 3)).allowed).toBe(true)
      advance(400)
      expect((await store.take('k', tenPerSecond, 5)).allowed).toBe(false)
      expect((await store.take('k', tenPerSecond, 4)).allowed).toBe(true)
    },
  },
  {
    title: 'a cost above the burst is never admitted, and takes nothing',
    async run(store, { expect }) {
      expect(await store.take('k', tenPerSecond, 11)).toEqual({
        allowed: false,
        remaining: 10,
        retryAfter: 0,
        resetAfter: 0,
      })
      expect((await store.take('k', tenPerSecond, 10)).allowed).toBe(true)
    },
  },
  {
    title: 'a cost of nothing looks without taking',
    async run(store, { expect }) {
      await store.take('k', tenPerSecond, 4)
      for (let look = 0; look < 3; look++) {
        const seen = await store.take('k', tenPerSecond, 0)
        expect(seen).toEqual({ allowed: true, remaining: 6, retryAfter: 0, resetAfter: 400 })
      }
    },
  },
  {
    title: 'a cost below nothing gives back, and never more than was taken',
    async run(store, { expect }) {
      await exhaust(store, 'k', tenPerSecond)
      expect(await store.take('k', tenPerSecond, -1)).toEqual({
        allowed: true,
        remaining: 1,
        retryAfter: 0,
        resetAfter: 900,
      })
      expect((await store.take('k', tenPerSecond, -500)).remaining).toBe(10)
      expect(await exhaust(store, 'k', tenPerSecond)).toBe(10)
      expect((await store.take('new', tenPerSecond, -1)).remaining).toBe(10)
      expect(await exhaust(store, 'new', tenPerSecond)).toBe(10)
    },
  },
  {
    title: 'a clock that is set back gives nothing away, and takes nothing',
    async run(store, { expect, advance }) {
      await store.take('half', tenPerSecond, 5)
      await exhaust(store, 'k', tenPerSecond)
      advance(-3_600_000)
      expect((await store.take('k', tenPerSecond)).allowed).toBe(false)
      expect((await store.take('half', tenPerSecond)).remaining).toBe(4)
      advance(200)
      expect((await store.take('half', tenPerSecond)).remaining).toBe(5)
    },
  },
  {
    title: 'when the policy changes a rate, what was taken stays taken',
    async run(store, { expect }) {
      await store.take('k', tenPerSecond, 4)
      expect((await store.take('k', { burst: 10, period: 60_000 }, 0)).remaining).toBe(6)
      expect(await exhaust(store, 'k', { burst: 20, period: 60_000 })).toBe(16)
      expect((await store.take('k', tenPerSecond, 0)).remaining).toBe(0)
    },
  },
  {
    title: 'the limit and the value of one key do not touch each other, and deleting the key forgets both',
    async run(store, { expect }) {
      await exhaust(store, 'k', tenPerSecond)
      await store.put('k', 'v', { ttl: 60_000 })
      expect((await store.take('k', tenPerSecond)).allowed).toBe(false)
      expect((await store.get('k'))?.value).toBe('v')
      expect(await store.delete('k')).toBe(true)
      expect((await store.take('k', tenPerSecond)).remaining).toBe(9)
      expect(await store.delete('k')).toBe(false)
      expect((await store.take('k', tenPerSecond)).remaining).toBe(9)
    },
  },
  {
    title: 'any string is a limit of its own',
    async run(store, { expect, hostileTexts }) {
      const once = { burst: 1, period: 60_000 }
      for (const key of hostileTexts) {
        expect((await store.take(key, once)).allowed, JSON.stringify(key).slice(0, 40)).toBe(true)
      }
      for (const key of hostileTexts) {
        expect((await store.take(key, once)).allowed, JSON.stringify(key).slice(0, 40)).toBe(false)
      }
    },
  },
  {
    title: 'a rate or a cost that cannot be counted is refused',
    async run(store, { expect }) {
      const broken: readonly (readonly [number, number, number])[] = [
        [0, 1000, 1],
        [-1, 1000, 1],
        [1.5, 1000, 1],
        [Number.NaN, 1000, 1],
        [10, 0, 1],
        [10, Number.POSITIVE_INFINITY, 1],
        [2 ** 40, 2 ** 40, 1],
        [10, 1000, 0.5],
        [10, 1000, Number.NaN],
      ]
      for (const [burst, period, cost] of broken) {
        const code = await codeOf(async () => store.take('k', { burst, period }, cost))
        expect(code, `${burst} ${period} ${cost}`).toBe('BULWARK_LIMIT_INVALID')
      }
    },
  },
]

/** Takes until refused, and answers how often that worked. */
async function exhaust(store: Store, key: string, rate: Rate): Promise<number> {
  let admitted = 0
  while ((await store.take(key, rate)).allowed) {
    if (++admitted > rate.burst) throw new Error(`more than the burst of ${rate.burst} was admitted`)
  }
  return admitted
}
