import type { Account, NewAccount } from '../../accounts/store.ts'
import { hostileTexts } from '../store/cases.ts'
import { type AccountCase, added, changed, codeOf, plain } from './cases.ts'

const full: NewAccount = {
  id: 'ann',
  email: 'Ann@Example.org',
  emailVerified: true,
  passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo',
  name: 'Ann Örn',
  roles: ['editor', 'admin'],
  totp: { secret: 'sealed', lastStep: 59_999_999, created: 1_800_000_000_001 },
  recoveryCodes: ['a'.repeat(64), 'b'.repeat(64)],
  passkeys: [
    {
      id: 'Y3JlZA',
      publicKey: 'a2V5',
      counter: 4_294_967_295,
      transports: ['internal', 'hybrid'],
      name: 'Phone',
      backedUp: true,
      created: 1_800_000_000_002,
      lastUsed: 1_800_000_000_003,
    },
  ],
  attributes: { theme: 'dark', seen: [1, 2.5, null, true], deep: { a: { b: {} } } },
  created: 1_800_000_000_000,
}

/** What every account store promises about one account: it is kept as it was, and nobody's change is lost. */
export const recordCases: readonly AccountCase[] = [
  {
    title: 'nobody is found in an empty store',
    async run(store, expect) {
      expect(await store.get('ann')).toBe(undefined)
      expect(await store.getByEmail('ann@example.org')).toBe(undefined)
      expect(await store.remove('ann')).toBe(false)
      expect(await store.list({ limit: 10 })).toEqual([])
      expect(await store.change({ ...plain('ann'), version: 1 })).toBe('conflict')
      expect(await store.get('ann')).toBe(undefined)
    },
  },
  {
    title: 'an account is kept with everything in it, from version 1',
    async run(store, expect) {
      expect(await store.create(full)).toEqual({ ...full, version: 1 })
      expect(await store.get('ann')).toEqual({ ...full, version: 1 })
      expect(await store.getByEmail('ann@example.org')).toEqual({ ...full, version: 1 })
    },
  },
  {
    title: 'a change replaces the whole account and adds one to its version',
    async run(store, expect) {
      const first = await added(store, full)
      const next: Account = { ...plain('ann', 'new@example.org'), version: first.version }
      expect(await store.change(next)).toEqual({ ...next, version: 2 })
      expect(await store.get('ann')).toEqual({ ...next, version: 2 })
      const { totp, passwordHash, name } = (await store.get('ann')) ?? full
      expect([totp, passwordHash, name]).toEqual([undefined, undefined, undefined])
      expect(await store.getByEmail('ann@example.org')).toBe(undefined)
      expect((await store.getByEmail('new@example.org'))?.id).toBe('ann')
    },
  },
  {
    title: 'a change of another version than the stored one changes nothing',
    async run(store, expect) {
      const first = await added(store, full)
      await store.change({ ...first, name: 'Second' })
      expect(await store.change({ ...first, name: 'Late', email: 'late@example.org' })).toBe('conflict')
      expect(await store.change({ ...first, version: 3, name: 'Early' })).toBe('conflict')
      expect((await store.get('ann'))?.name).toBe('Second')
      expect(await store.getByEmail('late@example.org')).toBe(undefined)
    },
  },
  {
    title: 'of many who change the same version at once, one succeeds',
    async run(store, expect) {
      const first = await added(store, full)
      const tries = Array.from({ length: 40 }, async (_, index) => store.change({ ...first, name: `${index}` }))
      const answers = await Promise.all(tries)
      const winners = answers.filter((answer) => typeof answer === 'object')
      expect(answers.filter((answer) => answer === 'conflict').length).toBe(39)
      expect(winners.length).toBe(1)
      expect(await store.get('ann')).toEqual(winners[0])
    },
  },
  {
    title: 'no change is lost when many read, change and write',
    async run(store, expect) {
      await added(store, plain('ann'))
      const add = (index: number) =>
        changed(store, 'ann', (account) => ({ ...account, roles: [...account.roles, `${index}`] }))
      await Promise.all(Array.from({ length: 20 }, (_, index) => add(index)))
      const account = await store.get('ann')
      expect(new Set(account?.roles).size).toBe(20)
      expect(account?.version).toBe(21)
    },
  },
  {
    title: 'a removed account is gone, and cannot be changed back into being',
    async run(store, expect) {
      const first = await added(store, full)
      expect(await store.remove('ann')).toBe(true)
      expect(await store.remove('ann')).toBe(false)
      expect(await store.get('ann')).toBe(undefined)
      expect(await store.getByEmail('ann@example.org')).toBe(undefined)
      expect(await store.change(first)).toBe('conflict')
      expect(await store.get('ann')).toBe(undefined)
    },
  },
  {
    title: 'removing and changing at once leaves no account behind',
    async run(store, expect) {
      for (let round = 0; round < 10; round++) {
        const first = await added(store, plain(`ann${round}`))
        await Promise.all([
          (async () => store.change({ ...first, name: 'Late' }))(),
          (async () => store.remove(first.id))(),
          (async () => store.change({ ...first, name: 'Later' }))(),
        ])
        expect(await store.get(first.id)).toBe(undefined)
      }
    },
  },
  {
    title: 'names and attributes come back as they were, whatever is in them',
    async run(store, expect) {
      const texts = Object.fromEntries(hostileTexts.map((text, index) => [`t${index}`, text]))
      // JSON.parse makes `__proto__` a name like any other.
      const named: Record<string, unknown> = JSON.parse(
        '{"__proto__":{"admin":true},"constructor":1,"a.b":2,"$set":3,"":4,"\\u0000":5}',
      )
      const attributes = { texts, named, large: 'ö'.repeat(64 * 1024) }
      for (const [index, name] of hostileTexts.entries()) {
        const made = await added(store, { ...plain(`p${index}`), name })
        expect((await store.get(made.id))?.name).toBe(name)
      }
      const account = await added(store, { ...plain('ann'), attributes })
      expect(JSON.stringify(account.attributes)).toBe(JSON.stringify(attributes))
      expect(JSON.stringify((await store.get('ann'))?.attributes)).toBe(JSON.stringify(attributes))
      expect(({} as { admin?: boolean }).admin).toBe(undefined)
    },
  },
  {
    title: 'what was handed in or out can be changed without changing what is stored',
    async run(store, expect) {
      const roles = ['reader']
      const made = await added(store, { ...plain('ann'), roles })
      roles.push('admin')
      ;(made.roles as string[]).push('admin')
      const read = await store.get('ann')
      ;(read?.roles as string[] | undefined)?.push('admin')
      expect((await store.get('ann'))?.roles).toEqual(['reader'])
    },
  },
  {
    title: 'what cannot be kept is refused, and nothing of it is left',
    async run(store, expect) {
      const ring: { self?: unknown } = {}
      ring.self = ring
      const bad: readonly NewAccount[] = [
        plain(''),
        plain('x'.repeat(257)),
        { ...plain('ann'), email: '' },
        { ...plain('ann'), email: `${'x'.repeat(2000)}@example.org` },
        { ...plain('ann'), attributes: ring as Record<string, unknown> },
        { ...plain('ann'), attributes: { n: 1n } },
        { ...plain('ann'), attributes: { large: 'x'.repeat(300 * 1024) } },
      ]
      for (const account of bad) {
        expect(await codeOf(async () => store.create(account))).toBe('BULWARK_ACCOUNT_INVALID')
      }
      expect(await store.list({ limit: 10 })).toEqual([])
    },
  },
]
