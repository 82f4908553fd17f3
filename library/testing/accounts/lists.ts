import type { AccountPage, AccountStore } from '../../accounts/store.ts'
import { type AccountCase, added, codeOf, plain } from './cases.ts'

/** What every account store promises about lists. */
export const listCases: readonly AccountCase[] = [
  {
    title: 'accounts are listed by falling id, page by page, each once',
    async run(store, expect) {
      const ids = Array.from({ length: 25 }, (_, index) => `p${String(index).padStart(2, '0')}`)
      for (const id of [...ids].sort(() => Math.random() - 0.5)) await added(store, plain(id))
      const seen: string[] = []
      for (let after: string | undefined; ; after = seen.at(-1)) {
        const page = await idsOf(store, { limit: 10, after })
        if (page.length === 0) break
        seen.push(...page)
      }
      expect(seen).toEqual([...ids].reverse())
      expect(await idsOf(store, { limit: 25 })).toEqual(seen)
      expect(await idsOf(store, { limit: 3, after: 'p02' })).toEqual(['p01', 'p00'])
    },
  },
  {
    title: 'ids are in the order of their code points',
    async run(store, expect) {
      const ids = ['\ufb01', 'é', 'z', 'a', 'Z', 'A', '0', '-']
      for (const id of ids) await added(store, plain(id))
      expect(await idsOf(store, { limit: 20 })).toEqual(ids)
      expect(await idsOf(store, { limit: 20, after: 'é' })).toEqual(ids.slice(2))
      expect(await idsOf(store, { limit: 1, after: 'nobody' })).toEqual(['a'])
    },
  },
  {
    title: 'an account that comes or goes moves no other off the next page',
    async run(store, expect) {
      for (const id of ['a', 'b', 'c', 'd']) await added(store, plain(id))
      expect(await idsOf(store, { limit: 2 })).toEqual(['d', 'c'])
      await added(store, plain('e'))
      await store.remove('c')
      expect(await idsOf(store, { limit: 2, after: 'c' })).toEqual(['b', 'a'])
    },
  },
  {
    title: 'a search finds parts of addresses and names, whatever their case',
    async run(store, expect) {
      await added(store, { ...plain('ann', 'ann@example.org'), name: 'Ann Örn' })
      await added(store, { ...plain('bob', 'bob@ANNEX.example'), name: 'Bob' })
      await added(store, { ...plain('cat', 'cat@example.org') })
      expect(await idsOf(store, { limit: 10, search: 'ANN' })).toEqual(['bob', 'ann'])
      expect(await idsOf(store, { limit: 10, search: 'örn' })).toEqual(['ann'])
      expect(await idsOf(store, { limit: 10, search: '@example.org' })).toEqual(['cat', 'ann'])
      expect(await idsOf(store, { limit: 1, search: '@example.org', after: 'cat' })).toEqual(['ann'])
      expect(await idsOf(store, { limit: 10, search: 'nobody' })).toEqual([])
      expect(await idsOf(store, { limit: 10, search: '' })).toEqual(['cat', 'bob', 'ann'])
      // Accents count, as they do in addresses.
      expect(await idsOf(store, { limit: 10, search: 'orn' })).toEqual([])
    },
  },
  {
    title: 'a search follows a change, and forgets what was removed',
    async run(store, expect) {
      const ann = await added(store, { ...plain('ann', 'ann@example.org'), name: 'Ann' })
      await store.change({ ...ann, name: 'Zoe', email: 'zoe@example.org' })
      expect(await idsOf(store, { limit: 10, search: 'ann' })).toEqual([])
      expect(await idsOf(store, { limit: 10, search: 'zoe' })).toEqual(['ann'])
      await store.remove('ann')
      expect(await idsOf(store, { limit: 10, search: 'zoe' })).toEqual([])
    },
  },
  {
    title: 'nothing in a search has a meaning of its own',
    async run(store, expect) {
      await added(store, { ...plain('ann', 'ann@example.org'), name: 'Ann' })
      await added(store, { ...plain('odd', 'odd@example.org'), name: '100%_[a-z].*^$\\\'"`;--(x){1}' })
      for (const search of ['%', '_', '[a-z]', '.*', '^', '$', '\\', "'", '"', '`', ';--', '(x)', '{1}', '100%_']) {
        expect(await idsOf(store, { limit: 10, search }), search).toEqual(['odd'])
      }
      for (const search of ['%ann%', 'a_n', 'ann.*', '^ann', 'nn$', "' OR '1'='1", '{"$gt":""}', '\\x41']) {
        expect(await idsOf(store, { limit: 10, search }), search).toEqual([])
      }
      for (const search of ['\0', 'ann\0', '\ud83d', '\u{1f600}']) await store.list({ limit: 10, search })
    },
  },
  {
    title: 'a page of no size, or of everything, is refused',
    async run(store, expect) {
      for (const limit of [0, -1, 1.5, 1001, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(await codeOf(async () => store.list({ limit }))).toBe('BULWARK_ACCOUNT_INVALID')
      }
    },
  },
]

async function idsOf(store: AccountStore, page: AccountPage): Promise<readonly string[]> {
  return (await store.list(page)).map(({ id }) => id)
}
