import type { AccountStore } from '../accounts/store.ts'
import type { Awaitable } from '../core/exchange.ts'
import { identityCases } from './accounts/identity.ts'
import { listCases } from './accounts/lists.ts'
import { recordCases } from './accounts/records.ts'
import type { TestTools } from './store/cases.ts'

/**
 * The contract of an {@link AccountStore} as tests: registers one test for each promise.
 *
 * `open` makes a store that is empty, or at least shares no account with any other test of the run.
 *
 * ```ts
 * testAccountStore('memory', () => memoryAccountStore(), { test, expect })
 * ```
 */
export function testAccountStore(name: string, open: () => Awaitable<AccountStore>, tools: TestTools): void {
  for (const { title, run } of [...recordCases, ...identityCases, ...listCases]) {
    tools.test(`${name}: ${title}`, async () => {
      const store = await open()
      try {
        await run(store, tools.expect)
      } finally {
        await store.close?.()
      }
    })
  }
}
