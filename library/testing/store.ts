import type { Awaitable } from '../core/exchange.ts'
import type { Store } from '../core/store.ts'
import { type Expect, hostileTexts, type StoreCase, type TestTools } from './store/cases.ts'
import { limitCases } from './store/limits.ts'
import { sharedCases } from './store/shared.ts'
import { valueCases } from './store/values.ts'

export type { Expect, TestTools }

/**
 * The contract of a {@link Store} as tests: registers one test for each promise. Works with vitest, jest, and everything else whose
 * `test` and `expect` have this shape.
 *
 * `open` makes a store that is empty, or at least shares no key with any other test of the run, and reads the time from `clock`.
 *
 * ```ts
 * import { expect, test } from 'vitest'
 * testStore('memory', (clock) => memoryStore({ now: clock }), { test, expect })
 * ```
 */
export function testStore(name: string, open: (clock: () => number) => Awaitable<Store>, tools: TestTools): void {
  const cases: readonly StoreCase[] = [...valueCases, ...limitCases]
  for (const { title, run } of cases) {
    tools.test(`${name}: ${title}`, async () => {
      // Any day will do; a whole second makes the tests' own arithmetic readable.
      let now = 1_800_000_000_000
      const store = await open(() => now)
      try {
        await run(store, { expect: tools.expect, advance: (ms) => (now += ms), hostileTexts })
      } finally {
        await store.close?.()
      }
    })
  }
}

/**
 * What a {@link Store} that several processes open promises besides: two stores over the same data, which must see each other's writes as soon
 * as these were answered. A store that keeps what it reads cannot promise that, and says so.
 *
 * `open` makes both, empty, with a connection each.
 */
export function testSharedStore(
  name: string,
  open: (clock: () => number) => Awaitable<readonly [one: Store, two: Store]>,
  tools: TestTools,
): void {
  for (const { title, run } of sharedCases) {
    tools.test(`${name}, opened twice: ${title}`, async () => {
      let now = 1_800_000_000_000
      const [one, two] = await open(() => now)
      try {
        await run(one, two, { expect: tools.expect, advance: (ms) => (now += ms) })
      } finally {
        await one.close?.()
        await two.close?.()
      }
    })
  }
}
