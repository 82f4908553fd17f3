import type { Awaitable } from '../core/exchange.ts'
import type { Store } from '../core/store.ts'
import { type Expect, hostileTexts, type StoreCase, type TestTools } from './store/cases.ts'
import { limitCases } from './store/limits.ts'
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
