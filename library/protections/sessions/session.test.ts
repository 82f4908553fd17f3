import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Awaitable } from '../../core/exchange.ts'
import type { Guard } from '../../core/guard.ts'
import type { Store } from '../../core/store.ts'
import { memoryStore } from '../../stores/memory.ts'
import { sqliteStore } from '../../stores/sqlite.ts'
import { exchange, setup, type TestExchange } from '../../testing/exchange.ts'
import { parseSetCookie } from '../../toolbox/cookies.ts'
import { sha256 } from '../../toolbox/tokens.ts'
import type { Session, SessionContents, SessionUser } from './data.ts'
import { type SessionsOptions, sessions } from './guard.ts'
import { sessionOf } from './index.ts'

declare module './data.ts' {
  interface SessionData {
    [key: `k${number}`]: number
    cart: readonly string[]
    theme: string
  }
}

const MINUTE = 60_000
const folder = mkdtempSync(join(tmpdir(), 'sessions-'))
const opened: Store[] = []
let now = 0
let files = 0

afterAll(async () => {
  for (const store of opened) await store.close?.()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  now = Date.UTC(2030, 0, 1)
})

const clock = (): number => now
const STORES: readonly { readonly kind: string; open(): Store }[] = [
  { kind: 'memory', open: () => memoryStore({ now: clock }) },
  { kind: 'SQLite', open: () => sqliteStore(join(folder, `${++files}.db`), { now: clock }) },
  { kind: 'a store that answers later', open: () => later(memoryStore({ now: clock })) },
]

interface Visit {
  readonly x: TestExchange
  readonly session: Session
  user(): Promise<SessionUser | undefined>
  /** The head leaves; answers the cookie that the browser has then. */
  leave(): string | undefined
}

function visit(guard: Guard, cookie?: string): Visit {
  const x = exchange({ headers: { cookie } })
  guard.onRequest!(x)
  return {
    x,
    get session() {
      return guard.offers!['session']!(x) as Session
    },
    user: guard.offers!['user']!(x) as Visit['user'],
    leave() {
      guard.onResponse!(x)
      const [line] = [x.sent.get('set-cookie') ?? []].flat()
      if (line === undefined) return cookie
      const { name, value } = parseSetCookie(line)
      return value === '' ? undefined : `${name}=${value}`
    },
  }
}

describe.each(STORES)('sessions in $kind', ({ open }) => {
  let store: Store
  let asked: string[]
  const make = (options: SessionsOptions = {}): Guard => sessions(options, setup({ store, now: clock }))
  const signedIn = async (guard: Guard, id = '1', cookie?: string): Promise<string> => {
    const one = visit(guard, cookie)
    await one.session.signIn({ id })
    return one.leave() ?? ''
  }

  beforeEach(() => {
    const inner = open()
    opened.push(inner)
    asked = []
    store = watched(inner, asked)
  })

  test('guests get no session, no cookie and no question to the store', async () => {
    const guest = visit(make())
    expect(await guest.user()).toBeUndefined()
    expect(await guest.session.get()).toEqual({})
    expect(await guest.session.get('theme')).toBeUndefined()
    expect(await guest.session.list()).toEqual([])
    await guest.session.rotate()
    await guest.session.set('theme', undefined)
    expect(guest.leave()).toBeUndefined()
    expect(asked).toEqual([])
  })

  test('what was stored is there for the next request, and the store knows neither the id nor the user', async () => {
    const guard = make()
    const first = visit(guard)
    await first.session.set('theme', 'dark')
    await first.session.set('cart', ['tea'])
    const cookie = first.leave()
    expect(first.x.sent.get('set-cookie')).toEqual([
      expect.stringMatching(/^__Host-app-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ])
    expect(first.x.sent.get('cache-control')).toBe('no-store')
    expect(await visit(guard, cookie).session.get()).toEqual({ theme: 'dark', cart: ['tea'] })
    expect(await visit(guard, cookie).session.get('theme')).toBe('dark')
    const id = cookie?.split('=')[1] ?? ''
    expect(asked.join(' ')).not.toContain(id)
    expect(asked).toContain(`get session:app:${sha256(id)}`)
  })

  test('two values stored at the same time by a guest are in one session', async () => {
    const guard = make()
    const guest = visit(guard)
    await Promise.all([guest.session.set('theme', 'dark'), guest.session.set('cart', ['tea'])])
    expect(await visit(guard, guest.leave()).session.get()).toEqual({ theme: 'dark', cart: ['tea'] })
  })

  test('a request that never asks for its session does not touch the store, one that asks does once', async () => {
    const guard = make()
    const cookie = await signedIn(guard)
    asked.length = 0
    expect(visit(guard, cookie).leave()).toBe(cookie)
    expect(asked).toEqual([])
    const one = visit(guard, cookie)
    expect(await one.user()).toEqual({ id: '1' })
    await one.session.get()
    await sessionOf(one.x)
    expect(asked).toHaveLength(1)
  })

  test('signing in makes a new id, ends the old one, and keeps what the guest had', async () => {
    const guard = make()
    const guest = visit(guard)
    await guest.session.set('cart', ['tea'])
    const before = guest.leave()
    const after = await signedIn(guard, '1', before)
    expect(after).not.toBe(before)
    expect(await visit(guard, before).session.get()).toEqual({})
    const member = visit(guard, after)
    expect(await member.user()).toEqual({ id: '1' })
    expect(await member.session.get('cart')).toEqual(['tea'])
    expect(await sessionOf(member.x)).toEqual({ user: { id: '1' }, signedInAt: now, data: { cart: ['tea'] } })
  })

  test('signing in again as the same user ends the session before; as another one, nothing of it is left', async () => {
    const guard = make()
    const first = await signedIn(guard)
    await visit(guard, first).session.set('theme', 'dark')
    const second = await signedIn(guard, '1', first)
    expect(await visit(guard, first).user()).toBeUndefined()
    expect(await visit(guard, second).session.get('theme')).toBe('dark')
    const third = await signedIn(guard, '2', second)
    expect(await visit(guard, second).user()).toBeUndefined()
    expect(await visit(guard, third).user()).toEqual({ id: '2' })
    expect(await visit(guard, third).session.get()).toEqual({})
    expect(await store.keysOf(`sessions:app:${sha256('1')}`)).toEqual([])
  })

  test('an id that the client made up is never taken over', async () => {
    const guard = make()
    for (const value of ['A'.repeat(43), '1', '', 'A'.repeat(42), `${'A'.repeat(43)}%20`, '../../x', '__proto__']) {
      const one = visit(guard, `__Host-app-session=${value}`)
      expect(await one.user()).toBeUndefined()
      await one.session.set('theme', 'dark')
      expect(one.leave()).not.toBe(`__Host-app-session=${value}`)
      expect(await visit(guard, `__Host-app-session=${value}`).session.get()).toEqual({})
    }
  })

  test('signing out ends the session and has the browser forget', async () => {
    const guard = make()
    const cookie = await signedIn(guard)
    const one = visit(guard, cookie)
    await one.session.signOut()
    expect(await one.user()).toBeUndefined()
    expect(one.leave()).toBeUndefined()
    expect(Object.fromEntries(one.x.sent)).toMatchObject({
      'set-cookie': [expect.stringMatching(/^__Host-app-session=; Path=\/; Max-Age=0;/)],
      'cache-control': 'no-store',
      'clear-site-data': '"cookies", "storage"',
    })
    expect(await visit(guard, cookie).user()).toBeUndefined()
  })

  test('rotating keeps everything but the id, also the end', async () => {
    const guard = make({ idle: '30m', absolute: '1h' })
    const before = await signedIn(guard)
    now += 25 * MINUTE
    const one = visit(guard, before)
    await one.session.set('theme', 'dark')
    await one.session.rotate()
    const after = one.leave()
    expect(after).not.toBe(before)
    expect(await visit(guard, before).user()).toBeUndefined()
    expect(await sessionOf(visit(guard, after).x)).toMatchObject({
      user: { id: '1' },
      signedInAt: now - 25 * MINUTE,
      data: { theme: 'dark' },
    })
    now += 25 * MINUTE
    expect(await visit(guard, after).user()).toEqual({ id: '1' })
    now += 10 * MINUTE
    expect(await visit(guard, after).user()).toBeUndefined()
  })

  test('a session that is not used for the idle time ends; use is noted at most every tenth of it', async () => {
    const guard = make({ idle: '10m', absolute: '12h' })
    const cookie = await signedIn(guard)
    asked.length = 0
    for (let i = 0; i < 59; i++) {
      now += 1000
      expect(await visit(guard, cookie).user()).toEqual({ id: '1' })
    }
    expect(asked.filter((each) => each.startsWith('put'))).toHaveLength(0)
    now += 1000
    await visit(guard, cookie).user()
    expect(asked.filter((each) => each.startsWith('put'))).toHaveLength(1)
    now += 10 * MINUTE - 1
    expect(await visit(guard, cookie).user()).toEqual({ id: '1' })
    now += 10 * MINUTE
    expect(await visit(guard, cookie).user()).toBeUndefined()
  })

  test('a session ends after the absolute time, however much it is used', async () => {
    const guard = make({ idle: '10m', absolute: '1h' })
    const cookie = await signedIn(guard)
    for (let i = 0; i < 11; i++) {
      now += 5 * MINUTE
      await visit(guard, cookie).session.set('k1', i)
      expect(await visit(guard, cookie).user()).toEqual({ id: '1' })
    }
    now += 5 * MINUTE
    expect(await visit(guard, cookie).user()).toBeUndefined()
  })

  test('a route that wants a fresh sign-in refuses older ones and guests, until they sign in again', async () => {
    const guard = make()
    const enter = async (cookie?: string): Promise<unknown> => {
      const x = exchange({ headers: { cookie }, contract: { fresh: '10m' } })
      guard.onRequest!(x)
      return guard.onRoute!(x)
    }
    const cookie = await signedIn(guard)
    now += 10 * MINUTE - 1
    expect(await enter(cookie)).toBeUndefined()
    now += 1
    expect(await enter(cookie)).toMatchObject({ risk: 'stale-sign-in', status: 401 })
    expect(await enter(await signedIn(guard, '1', cookie))).toBeUndefined()
    expect(await enter()).toMatchObject({ risk: 'stale-sign-in', status: 401 })
    const guest = visit(guard)
    await guest.session.set('theme', 'dark')
    expect(await enter(guest.leave())).toMatchObject({ status: 401 })
    expect(guard.onRoute!(exchange({ contract: {} }))).toBeUndefined()
  })

  test('a user sees the sessions of his own, and ends one by its handle, which is no id', async () => {
    const guard = make()
    const [phone, laptop, stranger] = [await signedIn(guard), await signedIn(guard), await signedIn(guard, '2')]
    const { session } = visit(guard, phone)
    const list = await session.list()
    expect(list.map(({ current }) => current).sort()).toEqual([false, true])
    const other = list.find(({ current }) => !current)?.handle ?? ''
    expect(await visit(guard, `__Host-app-session=${other}`).user()).toBeUndefined()
    expect(await visit(guard, stranger).session.end(other)).toBe(false)
    expect(await visit(guard).session.end(other)).toBe(false)
    expect(await session.end('nothing')).toBe(false)
    expect(await session.end(other)).toBe(true)
    expect(await visit(guard, laptop).user()).toBeUndefined()
    expect(await visit(guard, phone).user()).toEqual({ id: '1' })
    expect(await visit(guard, stranger).user()).toEqual({ id: '2' })
  })

  test('all sessions of a user end at once, seen by every guard over the same store, and nobody else’s', async () => {
    const [guard, elsewhere] = [make(), make()]
    const [phone, laptop, stranger] = [await signedIn(guard), await signedIn(elsewhere), await signedIn(guard, '2')]
    const one = visit(guard, phone)
    expect(await one.session.endAll('1')).toBe(2)
    expect(one.leave()).toBeUndefined()
    expect(await visit(elsewhere, phone).user()).toBeUndefined()
    expect(await visit(elsewhere, laptop).user()).toBeUndefined()
    expect(await visit(elsewhere, stranger).user()).toEqual({ id: '2' })
    expect(await visit(guard, stranger).session.endAll('nobody')).toBe(0)
  })

  test('beyond the limit the session with the oldest sign-in ends', async () => {
    const guard = make({ limit: 2 })
    const cookies: string[] = []
    for (let i = 0; i < 4; i++) {
      cookies.push(await signedIn(guard))
      now += 1000
    }
    const users = await Promise.all(cookies.map((cookie) => visit(guard, cookie).user()))
    expect(users).toEqual([undefined, undefined, { id: '1' }, { id: '1' }])
  })

  test('of many writers in two guards over one store none is lost', async () => {
    const guards = [make(), make()]
    const cookie = await signedIn(guards[0]!)
    const writers = Array.from({ length: 200 }, (_, i) => {
      const { session } = visit(guards[i % 2]!, cookie)
      return session.update(({ k0 = 0 }) => ({ k0: k0 + 1, [`k${i + 1}`]: i }))
    })
    await Promise.all(writers)
    const data = await visit(guards[0]!, cookie).session.get()
    expect(Object.keys(data)).toHaveLength(201)
    expect(data.k0).toBe(200)
  })

  test('writes that wait for each other are stored together; each has its own answer, and fails alone', async () => {
    const guard = make()
    const cookie = await signedIn(guard)
    const before = asked.length
    const writes = Array.from({ length: 40 }, (_, i) =>
      visit(guard, cookie).session.update(({ k1 = 0 }) => {
        if (i === 20) throw new Error('this one cannot')
        return i === 30 ? ({ theme: 1n } as unknown as SessionContents) : { k1: k1 + 1 }
      }),
    )
    const answers = await Promise.allSettled(writes)
    const numbers = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.k1 : String(answer.reason)))
    expect(numbers.filter((each) => typeof each === 'number').sort((a, b) => a - b)).toEqual(
      Array.from({ length: 38 }, (_, i) => i + 1),
    )
    expect([numbers[20], numbers[30]]).toEqual([
      'Error: this one cannot',
      expect.stringContaining('BULWARK_SESSION_INVALID'),
    ])
    expect(await visit(guard, cookie).session.get()).toEqual({ k1: 38 })

    asked.length = before
    await Promise.all(Array.from({ length: 40 }, () => visit(guard, cookie).session.update(() => ({ theme: 'dark' }))))
    expect(asked.filter((each) => each.startsWith('put')).length - before).toBeLessThan(10)
  })

  test('a session that is ended while a request writes stays ended', async () => {
    const guard = make()
    const cookie = await signedIn(guard)
    const one = visit(guard, cookie)
    await one.user()
    await visit(guard, cookie).session.signOut()
    await expect(one.session.set('theme', 'dark')).rejects.toMatchObject({ code: 'BULWARK_SESSION_ENDED', status: 401 })
    await expect(one.session.rotate()).rejects.toMatchObject({ code: 'BULWARK_SESSION_ENDED' })
    expect(await visit(guard, cookie).user()).toBeUndefined()
  })

  test('a session whose user is ended everywhere while it rotates does not survive under its new id', async () => {
    const guard = make()
    const cookie = await signedIn(guard)
    const owner = `sessions:app:${sha256('1')}`
    const inner = store
    let isMoving = false
    store = {
      ...methodsOf(inner),
      async put(key, value, options) {
        if (isMoving) await inner.deleteAllOf(owner)
        isMoving = value.includes('moved')
        return inner.put(key, value, options)
      },
    }
    const one = visit(make(), cookie)
    await expect(one.session.rotate()).rejects.toMatchObject({ code: 'BULWARK_SESSION_ENDED' })
    expect(await inner.keysOf(owner)).toEqual([])
    expect(one.leave()).toBe(cookie)
  })

  test('two requests that rotate at once leave one session', async () => {
    const [guard, elsewhere] = [make(), make()]
    const cookie = await signedIn(guard)
    const both = [visit(guard, cookie), visit(elsewhere, cookie)]
    const results = await Promise.allSettled(both.map(({ session }) => session.rotate()))
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await store.keysOf(`sessions:app:${sha256('1')}`)).toHaveLength(1)
  })

  test('names like those of every object are names like any other', async () => {
    const guard = make()
    const one = visit(guard)
    const hostile = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"theme":"dark"}') as SessionContents
    await one.session.update(() => hostile)
    const { session } = visit(guard, one.leave())
    expect(JSON.stringify(await session.get())).toBe(JSON.stringify(hostile))
    expect(await session.get('toString' as 'theme')).toBeUndefined()
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  test('any text comes back as it was', async () => {
    const guard = make()
    const one = visit(guard)
    await one.session.set('theme', '\0\ud800 "ü" \u2028')
    expect(await visit(guard, one.leave()).session.get('theme')).toBe('\0\ud800 "ü" \u2028')
  })

  test('what no session can hold is refused, and what was there stays', async () => {
    const guard = make()
    const cookie = await signedIn(guard)
    const { session } = visit(guard, cookie)
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    for (const value of ['x'.repeat(70_000), 1n, circle]) {
      await expect(session.set('theme', value as string)).rejects.toMatchObject({ code: 'BULWARK_SESSION_INVALID' })
    }
    for (const user of [undefined, {}, { id: '' }, { id: 7 }, { id: 'x'.repeat(257) }]) {
      await expect(session.signIn(user as SessionUser)).rejects.toMatchObject({ code: 'BULWARK_SESSION_INVALID' })
    }
    expect(await visit(guard, cookie).user()).toEqual({ id: '1' })
    await session.set('theme', 'still works')
  })

  test('users may be called anything', async () => {
    const guard = make()
    for (const id of ['__proto__', 'a\0b', 'ü'.repeat(256), ':', '\ud800']) {
      const cookie = await signedIn(guard, id)
      expect(await visit(guard, cookie).user()).toEqual({ id })
      expect(await visit(guard, cookie).session.list()).toHaveLength(1)
    }
  })

  test('what something else has written into the store is no session', async () => {
    const guard = make()
    const cookie = await signedIn(guard)
    const key = `session:app:${sha256(cookie.split('=')[1] ?? '')}`
    const times = `"created":${now},"seen":${now},"signedIn":${now}`
    const broken = [
      '',
      'null',
      '7',
      '{}',
      `{${times}}`,
      `{${times},"user":{},"data":{}}`,
      `{${times},"user":null,"data":{}}`,
    ]
    for (const text of broken) {
      await store.put(key, text, { ttl: MINUTE })
      expect(await visit(guard, cookie).user()).toBeUndefined()
    }
  })
})

/** The store with a list of what it was asked. */
function watched(store: Store, asked: string[]): Store {
  const { get, put, delete: remove, ...rest } = methodsOf(store)
  return {
    ...rest,
    get(key) {
      asked.push(`get ${key}`)
      return get(key)
    },
    put(key, value, options) {
      asked.push(`put ${key} ${value} ${options.owner}`)
      return put(key, value, options)
    },
    delete(key) {
      asked.push(`delete ${key}`)
      return remove(key)
    },
  }
}

/** Answers with promises, one turn of the event loop late, as a store beyond a network does. */
function later(store: Store): Store {
  const late = async <T>(answer: () => Awaitable<T>): Promise<T> => {
    await new Promise(setImmediate)
    return answer()
  }
  const { get, put, delete: remove, take, keysOf, deleteAllOf } = methodsOf(store)
  return {
    name: 'late',
    shared: true,
    get: (key) => late(() => get(key)),
    put: (key, value, options) => late(() => put(key, value, options)),
    delete: (key) => late(() => remove(key)),
    take: (key, rate, cost) => late(() => take(key, rate, cost)),
    keysOf: (owner) => late(() => keysOf(owner)),
    deleteAllOf: (owner) => late(() => deleteAllOf(owner)),
  }
}

function methodsOf(store: Store): Store {
  return {
    name: store.name,
    shared: store.shared,
    get: (key) => store.get(key),
    put: (key, value, options) => store.put(key, value, options),
    delete: (key) => store.delete(key),
    take: (key, rate, cost) => store.take(key, rate, cost),
    keysOf: (owner) => store.keysOf(owner),
    deleteAllOf: (owner) => store.deleteAllOf(owner),
  }
}
