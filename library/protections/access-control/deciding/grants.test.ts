import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Store } from '../../../core/store.ts'
import { memoryStore } from '../../../stores/memory.ts'
import { sqliteStore } from '../../../stores/sqlite.ts'
import { exchange, setup } from '../../../testing/exchange.ts'
import { type AccessControlOptions, accessControl } from '../guard.ts'
import { createGrants, type GrantSource, type Grants } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'bulwark-grants-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const options: AccessControlOptions = {
  roles: { guest: ['doc:read:public'], member: ['guest', 'doc:edit:own'], admin: ['*'] },
  resources: {
    doc: { rules: { own: { where: (person) => ({ owner: person.id }) }, public: { where: { public: true } } } },
  },
  identify: (x) => {
    const id = x.request.header('x-who')
    return id === undefined ? undefined : { id, roles: [id === 'root' ? 'admin' : 'member'] }
  },
  grants: true,
}
const doc = { id: 7, owner: 'ada' }

/** One request in one process: everything that it may do is read from the store anew. */
async function request(store: Store, who: string | undefined, more: Partial<AccessControlOptions> = {}) {
  const guard = accessControl({ ...options, ...more }, setup({ store }))
  const x = exchange({ headers: { 'x-who': who }, contract: { allow: 'anyone' } })
  const verdict = await guard.onRoute?.(x)
  return {
    verdict,
    can: guard.offers?.['can']?.(x) as (permission: string, object?: object) => boolean,
    grants: () => guard.offers?.['grants']?.(x) as Grants,
  }
}

describe('a grant', () => {
  test('holds from the next request on, in every process, until it is taken back', async () => {
    const [here, there] = [sqliteStore(join(folder, 'a.db')), sqliteStore(join(folder, 'a.db'))]
    expect((await request(there, 'grace')).can('doc:edit', doc)).toBe(false)
    const { grants } = await request(here, 'ada')
    await grants().allow({ person: 'grace' }, 'doc:edit', doc.id)
    expect((await request(there, 'grace')).can('doc:edit', doc)).toBe(true)
    expect((await request(there, 'grace')).can('doc:edit', { id: 8, owner: 'ada' })).toBe(false)
    expect((await request(there, 'linus')).can('doc:edit', doc)).toBe(false)
    expect(await grants().revoke({ person: 'grace' }, 'doc:edit', '7')).toBe(true)
    expect((await request(there, 'grace')).can('doc:edit', doc)).toBe(false)
    expect(await grants().revoke({ person: 'grace' }, 'doc:edit', '7')).toBe(false)
    await Promise.all([here.close?.(), there.close?.()])
  })

  test('for a role is for everybody with it, and a denial wins over it, over the owner and over administrators', async () => {
    const store = memoryStore()
    const grants = createGrants(store)
    await grants.allow({ role: 'member' }, 'doc:edit', 7)
    expect((await request(store, 'grace')).can('doc:edit', doc)).toBe(true)
    await grants.deny({ person: 'grace' }, 'doc:edit', 7)
    expect((await request(store, 'grace')).can('doc:edit', doc)).toBe(false)
    expect((await request(store, 'linus')).can('doc:edit', doc)).toBe(true)
    await grants.deny({ role: 'member' }, 'doc:edit', 7)
    expect((await request(store, 'ada')).can('doc:edit', doc)).toBe(false)
    expect((await request(store, 'root')).can('doc:edit', doc)).toBe(true)
    await grants.deny({ role: 'admin' }, 'doc:edit', 7)
    expect((await request(store, 'root')).can('doc:edit', doc)).toBe(false)
  })

  test('for guests is for whoever is unknown', async () => {
    const store = memoryStore()
    await createGrants(store).allow({ role: 'guest' }, 'doc:read', 7)
    expect((await request(store, undefined)).can('doc:read', doc)).toBe(true)
  })

  test('lets somebody onto a route that the roles alone would close', async () => {
    const store = memoryStore()
    const guard = accessControl({ ...options, undecided: 'report' }, setup({ store }))
    const at = (id: number) =>
      exchange({
        headers: { 'x-who': undefined },
        contract: { allow: 'doc:edit', object: () => ({ id, owner: 'ada' }) },
      })
    expect(await guard.onRoute?.(at(7))).toMatchObject({ status: 401 })
    await createGrants(store).allow({ role: 'guest' }, 'doc:edit', 7)
    expect(await guard.onRoute?.(at(7))).toBeUndefined()
    expect(await guard.onRoute?.(at(8))).toMatchObject({ status: 401 })
  })

  test('replaces the one before, and both lists name it', async () => {
    const grants = createGrants(memoryStore())
    await grants.allow({ person: 'grace' }, 'doc:edit', 7)
    await grants.allow({ person: 'grace' }, 'doc:edit', 7, ['title'])
    await grants.deny({ role: 'member' }, 'doc:edit', 7n)
    await grants.allow({ person: 'grace' }, 'doc:read', 'x')
    expect(await grants.of({ person: 'grace' })).toEqual([
      { permission: 'doc:edit', object: '7', effect: 'allow', fields: ['title'] },
      { permission: 'doc:read', object: 'x', effect: 'allow' },
    ])
    expect(await grants.holdersOf('doc:edit', 7)).toEqual([
      { person: 'grace', effect: 'allow' },
      { role: 'member', effect: 'deny' },
    ])
    await grants.revoke({ person: 'grace' }, 'doc:edit', 7)
    expect(await grants.holdersOf('doc:edit', 7)).toEqual([{ role: 'member', effect: 'deny' }])
  })

  test('is not lost when many are stored at once', async () => {
    const store = sqliteStore(join(folder, 'b.db'))
    const slow: Store = new Proxy(store, {
      get: (target, key) => {
        const own = Reflect.get(target, key) as unknown
        if (typeof own !== 'function') return own
        return async (...args: unknown[]) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 2))
          return own.apply(target, args) as unknown
        }
      },
    })
    const ids = Array.from({ length: 12 }, (_, i) => i)
    await Promise.all(ids.map((id) => createGrants(slow).allow({ person: 'grace' }, 'doc:edit', id)))
    const stored = await createGrants(store).of({ person: 'grace' })
    expect(stored.map(({ object }) => Number(object)).sort((a, b) => a - b)).toEqual(ids)
    await store.close?.()
  })

  test('of one app is none of another in the same store', async () => {
    const store = memoryStore()
    await createGrants(store, 'other').allow({ person: 'grace' }, 'doc:edit', 7)
    expect((await request(store, 'grace')).can('doc:edit', doc)).toBe(false)
  })

  test.each<[string, (grants: Grants) => Promise<unknown>]>([
    ['a permission that no role names', (grants) => grants.allow({ person: 'ada' }, 'doc:edti', 7)],
    ['nobody', (grants) => grants.allow({ person: '' }, 'doc:edit', 7)],
    ['no object', (grants) => grants.allow({ person: 'ada' }, 'doc:edit', undefined as never)],
    ['an object without an id', (grants) => grants.allow({ person: 'ada' }, 'doc:edit', {} as never)],
    ['an id without end', (grants) => grants.allow({ person: 'ada' }, 'doc:edit', 'x'.repeat(201))],
  ])('is refused for %s', async (_, grant) => {
    const { grants } = await request(memoryStore(), 'ada')
    await expect(grant(grants())).rejects.toThrow('BULWARK_GRANT_INVALID')
  })

  test('is refused when one holder has a thousand, because each request reads them', async () => {
    const store = memoryStore()
    const rows = Array.from({ length: 1000 }, (_, i) => ['doc:edit', String(i), 'a'])
    await store.put('grants:app:person:grace', JSON.stringify(rows), { ttl: 1000_000 })
    await expect(createGrants(store).allow({ person: 'grace' }, 'doc:edit', 'x')).rejects.toThrow(
      'BULWARK_GRANT_INVALID',
    )
    await createGrants(store).revoke({ person: 'grace' }, 'doc:edit', 0)
    await createGrants(store).allow({ person: 'grace' }, 'doc:edit', 'x')
  })
})

test('a store that is away denies: nobody is let in without the denials that it may hold', async () => {
  const away = { ...memoryStore(), get: () => Promise.reject(new Error('away')) } as unknown as Store
  await expect(request(away, 'root')).rejects.toThrow('away')
})

test('what the store holds and nobody can read denies', async () => {
  const store = memoryStore()
  await store.put('grants:app:person:grace', '{}', { ttl: 1000 })
  await expect(request(store, 'grace')).rejects.toThrow(/no list/)
})

test('grants may come from tables of the app', async () => {
  const source: GrantSource = {
    grantsOf: async (person, roles) =>
      person === 'grace' && roles.includes('member') ? [{ permission: 'doc:edit', object: '7', effect: 'allow' }] : [],
  }
  const grace = await request(memoryStore(), 'grace', { grants: source })
  expect(grace.can('doc:edit', doc)).toBe(true)
  expect((await request(memoryStore(), 'linus', { grants: source })).can('doc:edit', doc)).toBe(false)
  expect(() => grace.grants()).toThrow(/grants: true/)
})
