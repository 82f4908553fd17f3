import { emailKey } from '../../accounts/email.ts'
import { hostileTexts } from '../store/cases.ts'
import { type AccountCase, added, plain } from './cases.ts'

/** The same mailbox in other letters. */
const same: readonly (readonly [string, string])[] = [
  ['ann@example.org', 'ANN@EXAMPLE.ORG'],
  ['ann@example.org', ' ann@example.org '],
  ['ann@example.org', 'ａｎｎ@example.org'],
  ['jörg@example.org', 'JO\u0308RG@example.org'],
  ['ann@bücher.example', 'ann@xn--bcher-kva.example'],
]

/** Different mailboxes, which one collation or another takes for the same. All are different from each other. */
const different: readonly string[] = [
  'a@example.org',
  'á@example.org',
  'a@example.org.',
  'a@éxample.org',
  'ss@example.org',
  'ß@example.org',
  'i@example.org',
  'ı@example.org',
  'a+b@example.org',
  'ab@example.org',
  'a.b@example.org',
  'a@example.orga',
  '\u{1f600}@example.org',
  '\u{1f601}@example.org',
]

/** What every account store promises about ids and e-mail addresses: one of each, however many ask for it at once. */
export const identityCases: readonly AccountCase[] = [
  {
    title: 'one id is one account',
    async run(store, expect) {
      await added(store, { ...plain('ann', 'ann@example.org'), name: 'First' })
      expect(await store.create({ ...plain('ann', 'other@example.org'), name: 'Second' })).toBe(undefined)
      expect((await store.get('ann'))?.name).toBe('First')
      expect(await store.getByEmail('other@example.org')).toBe(undefined)
    },
  },
  {
    title: 'ids that look alike are different people',
    async run(store, expect) {
      const ids = hostileTexts.filter((text) => text !== '' && text.length <= 256)
      for (const id of ids) await added(store, { ...plain(id), attributes: { id } })
      for (const id of ids) expect((await store.get(id))?.attributes).toEqual({ id })
      for (const id of ids) expect(await store.remove(id)).toBe(true)
      expect(await store.list({ limit: 10 })).toEqual([])
    },
  },
  {
    title: 'an id is never found by a longer or shorter one',
    async run(store, expect) {
      await added(store, plain('x'.repeat(255)))
      expect(await store.get('x'.repeat(254))).toBe(undefined)
      expect(await store.get('x'.repeat(256))).toBe(undefined)
      expect(await store.get('x'.repeat(5000))).toBe(undefined)
      await added(store, plain('x'.repeat(256)))
      expect((await store.list({ limit: 10 })).length).toBe(2)
    },
  },
  {
    title: 'one mailbox is one account, in whatever letters',
    async run(store, expect) {
      for (const [index, [email, again]] of same.entries()) {
        if ((await store.getByEmail(email)) === undefined) await added(store, plain(`first${index}`, email))
        expect(await store.create(plain(`second${index}`, again)), again).toBe(undefined)
        expect((await store.getByEmail(again))?.email, again).toBe(email)
      }
    },
  },
  {
    title: 'different mailboxes are different accounts, whatever a collation makes of them',
    async run(store, expect) {
      for (const [index, email] of different.entries()) await added(store, plain(`p${index}`, email))
      for (const [index, email] of different.entries()) expect((await store.getByEmail(email))?.id).toBe(`p${index}`)
      expect(new Set(different.map(emailKey)).size).toBe(different.length)
    },
  },
  {
    title: 'the longest address there is can be kept and found',
    async run(store, expect) {
      const email = `${'a'.repeat(64)}@${`${'b'.repeat(59)}.`.repeat(3)}example`
      await added(store, plain('ann', email))
      expect((await store.getByEmail(email.toUpperCase()))?.email).toBe(email)
      expect(await store.getByEmail(email.slice(1))).toBe(undefined)
    },
  },
  {
    title: 'of many who register one address at once, one succeeds',
    async run(store, expect) {
      const spellings = ['Ann@example.org', 'ann@example.org', 'ANN@EXAMPLE.ORG', 'ann@EXAMPLE.org']
      const tries = Array.from({ length: 60 }, async (_, index) =>
        store.create(plain(`p${index}`, spellings[index % spellings.length])),
      )
      const made = (await Promise.all(tries)).filter((account) => account !== undefined)
      expect(made.length).toBe(1)
      expect(await store.getByEmail('ann@example.org')).toEqual(made[0])
      expect(await store.list({ limit: 100 })).toEqual(made)
    },
  },
  {
    title: 'an address that is taken cannot be changed to',
    async run(store, expect) {
      const ann = await added(store, plain('ann', 'ann@example.org'))
      const bob = await added(store, plain('bob', 'bob@example.org'))
      expect(await store.change({ ...bob, email: 'ANN@example.org', name: 'Bob' })).toBe('taken')
      expect(await store.get('bob')).toEqual(bob)
      expect(await store.getByEmail('ann@example.org')).toEqual(ann)
    },
  },
  {
    title: 'a change that is late says so, also when its address is taken',
    async run(store, expect) {
      await added(store, plain('ann', 'ann@example.org'))
      const bob = await added(store, plain('bob', 'bob@example.org'))
      await store.change({ ...bob, name: 'Bob' })
      expect(await store.change({ ...bob, email: 'ann@example.org' })).toBe('conflict')
    },
  },
  {
    title: 'of many who change to one address at once, one succeeds',
    async run(store, expect) {
      const people = await Promise.all(
        Array.from({ length: 12 }, (_, index) => added(store, plain(`p${index}`, `p${index}@example.org`))),
      )
      const answers = await Promise.all(people.map(async (one) => store.change({ ...one, email: 'prize@example.org' })))
      const winners = answers.filter((answer) => typeof answer === 'object')
      expect(winners.length).toBe(1)
      expect(answers.filter((answer) => answer === 'taken').length).toBe(11)
      expect(await store.getByEmail('prize@example.org')).toEqual(winners[0])
    },
  },
  {
    title: 'an address can be written in other letters by its owner, and is free when given up',
    async run(store, expect) {
      const ann = await added(store, plain('ann', 'ann@example.org'))
      const renamed = await store.change({ ...ann, email: 'Ann@Example.org' })
      expect(typeof renamed === 'object' && renamed.email).toBe('Ann@Example.org')
      await store.change({ ...ann, version: 2, email: 'new@example.org' })
      await added(store, plain('bob', 'ann@example.org'))
      expect(await store.remove('bob')).toBe(true)
      await added(store, plain('cat', 'ann@example.org'))
      expect((await store.getByEmail('ann@example.org'))?.id).toBe('cat')
    },
  },
  {
    title: 'any number of accounts may have no address, and none of them is found by one',
    async run(store, expect) {
      const ann = await added(store, plain('ann'))
      await added(store, plain('bob'))
      for (const email of ['', 'null', 'undefined']) expect(await store.getByEmail(email)).toBe(undefined)
      const changed = await store.change({ ...ann, email: 'ann@example.org' })
      expect(typeof changed).toBe('object')
      const back = await store.change({ ...ann, version: 2, email: undefined })
      expect(typeof back === 'object' && back.email).toBe(undefined)
      expect(await store.getByEmail('ann@example.org')).toBe(undefined)
    },
  },
]
