import { createHmac } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Guard } from '../../../core/guard.ts'
import type { Store } from '../../../core/store.ts'
import { memoryStore } from '../../../stores/memory.ts'
import { exchange, setup, type TestExchange } from '../../../testing/exchange.ts'
import { parseSetCookie } from '../../../toolbox/cookies.ts'
import type { Session, SessionContents } from '../data.ts'
import { sessions } from '../guard.ts'
import { sessionOf } from '../index.ts'
import { open, seal, unsign } from './cookie.ts'
import type { TakeOverOptions } from './options.ts'

const SECRET = 'keyboard cat'
const ID = 'mH3-Qx0nVtR7_oldSessionId1234567'
const AN_HOUR = 3_600_000

function signed(id: string, secret = SECRET): string {
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
  return encodeURIComponent(`s:${id}.${signature}`)
}

/** A place with old sessions, and the protection that takes them over. */
function move(more: Partial<TakeOverOptions> = {}, store: Store = memoryStore(), limit = 100) {
  const old = new Map<string, unknown>()
  let reads = 0
  const takeOver: TakeOverOptions = {
    secrets: ['a newer one', SECRET],
    read: async (id) => {
      reads++
      return old.get(id)
    },
    remove: async (id) => old.delete(id),
    ...more,
  }
  const guard = sessions({ takeOver, limit }, setup({ store }))
  return { old, guard, store, reads: () => reads }
}

function session(contents: object, lastsFor = AN_HOUR): string {
  return JSON.stringify({ cookie: { originalMaxAge: lastsFor, expires: new Date(Date.now() + lastsFor) }, ...contents })
}

interface Visit {
  readonly x: TestExchange
  readonly session: Session
  readonly user: string | undefined
  readonly data: SessionContents
  /** Cookies by name as the browser would keep them. */
  readonly set: ReadonlyMap<string, string>
}

async function visit(guard: Guard, cookie: string, parts: { upgrade?: boolean } = {}): Promise<Visit> {
  const x = exchange({ headers: { cookie }, ...parts })
  guard.onRequest!(x)
  const own = guard.offers!['session']!(x) as Session
  const view = await sessionOf(x)
  guard.onResponse!(x)
  const lines = x.sent.get('set-cookie') ?? []
  const set = new Map([...lines].map((line) => [parseSetCookie(line).name, parseSetCookie(line).value]))
  return { x, session: own, user: view?.user?.id, data: await own.get(), set }
}

const oldCookie = `theme=dark; connect.sid=${signed(ID)}`
const newCookie = ({ set }: Visit): string => `__Host-app-session=${set.get('__Host-app-session') ?? ''}`

describe('a session of express-session', () => {
  test('goes on under a new id, with its user and contents, and opens nothing any more', async () => {
    const { old, guard } = move()
    old.set(ID, session({ passport: { user: 7 }, cart: ['book'] }))
    const first = await visit(guard, oldCookie)
    expect(first.user).toBe('7')
    expect(first.data).toEqual({ passport: { user: 7 }, cart: ['book'] })
    expect(first.set.get('connect.sid')).toBe('')
    expect(first.set.get('__Host-app-session')).toMatch(/^[\w-]{43}$/)
    expect(old.size).toBe(0)
    const later = await visit(guard, newCookie(first))
    expect(later.user).toBe('7')
    expect(await later.session.list()).toMatchObject([{ current: true, signedInAt: 0 }])
    expect(await later.session.endAll('7')).toBe(1)
    expect((await visit(guard, newCookie(first))).user).toBeUndefined()
    expect((await visit(guard, oldCookie)).user).toBeUndefined()
  })

  test('of a guest goes on as a guest’s', async () => {
    const { old, guard } = move()
    old.set(ID, { cookie: { originalMaxAge: null, expires: null }, cart: ['book'] })
    const first = await visit(guard, oldCookie)
    expect([first.user, first.data]).toEqual([undefined, { cart: ['book'] }])
  })

  test('counts as signed in too long ago for what asks for a fresh sign-in', async () => {
    const { old, guard } = move()
    old.set(ID, session({ passport: { user: 7 } }))
    const x = exchange({ headers: { cookie: oldCookie }, contract: { fresh: '12h' } })
    guard.onRequest!(x)
    expect(await guard.onRoute!(x)).toMatchObject({ status: 401, risk: 'stale-sign-in' })
  })

  test('is not looked for before somebody asks for the session', async () => {
    const { old, guard, reads } = move()
    old.set(ID, session({}))
    const x = exchange({ headers: { cookie: oldCookie } })
    guard.onRequest!(x)
    guard.onResponse!(x)
    expect([reads(), old.size, x.sent.get('set-cookie')]).toEqual([0, 1, undefined])
  })

  test('is taken over before a write, or a guest’s session would hide it', async () => {
    const { old, guard } = move()
    old.set(ID, session({ passport: { user: 7 }, cart: ['book'] }))
    const x = exchange({ headers: { cookie: oldCookie } })
    guard.onRequest!(x)
    const own = guard.offers!['session']!(x) as Session
    expect(await own.update(() => ({ colour: 'red' }) as SessionContents)).toEqual({
      passport: { user: 7 },
      cart: ['book'],
      colour: 'red',
    })
  })

  test('that somebody signs out with the old cookie is over', async () => {
    const { old, guard } = move()
    old.set(ID, session({ passport: { user: 7 } }))
    const x = exchange({ headers: { cookie: oldCookie } })
    guard.onRequest!(x)
    await (guard.offers!['session']!(x) as Session).signOut()
    expect(old.size).toBe(0)
    expect((await visit(guard, oldCookie)).user).toBeUndefined()
  })

  test('tells who was signed in in the app’s own way', async () => {
    const { old, guard } = move({ user: ({ userId }) => (typeof userId === 'string' ? { id: userId } : undefined) })
    old.set(ID, session({ userId: 'x7', passport: { user: 1 } }))
    expect((await visit(guard, oldCookie)).user).toBe('x7')
  })

  test('is only looked at by a WebSocket handshake, whose answer sets no cookies', async () => {
    const { old, guard } = move()
    old.set(ID, session({ passport: { user: 7 } }))
    const handshake = await visit(guard, oldCookie, { upgrade: true })
    expect([handshake.user, handshake.set.size, old.size]).toEqual(['7', 0, 1])
    await expect(handshake.session.set('clubVisits' as never, 1 as never)).rejects.toMatchObject({
      code: 'BULWARK_SESSION_INVALID',
    })
    expect((await visit(guard, oldCookie)).user).toBe('7')
    expect((await visit(guard, oldCookie, { upgrade: true })).user).toBe('7')
  })

  test('counts among the sessions that one user may have', async () => {
    const { old, store } = move()
    const guard = sessions(
      { limit: 2, takeOver: { secrets: [SECRET], read: (id) => old.get(id), remove: (id) => old.delete(id) } },
      setup({ store }),
    )
    for (const id of ['a1', 'a2', 'a3']) old.set(id, session({ passport: { user: 7 } }))
    for (const id of ['a1', 'a2', 'a3']) await visit(guard, `connect.sid=${signed(id)}`)
    expect(await (await visit(guard, `connect.sid=${signed('a3')}`)).session.list()).toHaveLength(2)
  })
})

describe('nothing is taken over', () => {
  test.each([
    ['forged', `s:${ID}.${'A'.repeat(43)}`],
    ['signed with another secret', decodeURIComponent(signed(ID, 'somebody else’s'))],
    ['without a signature', `s:${ID}`],
    ['with an empty signature', `s:${ID}.`],
    ['unsigned', ID],
    ['signed by the id alone', `s:.${decodeURIComponent(signed('')).slice(3)}`],
    ['percent-encoded halfway', '%E0%A4%A'],
    ['as long as a header', `s:${'a'.repeat(5000)}.b`],
    ['j:-encoded', 'j:{"id":1}'],
    ['of another id with this signature', decodeURIComponent(signed(ID)).replace('mH3', 'mH4')],
  ])('by a cookie that is %s, and the store is not asked', async (_, value) => {
    const { old, guard, reads } = move()
    old.set(ID, session({ passport: { user: 7 } }))
    old.set('', session({ passport: { user: 7 } }))
    const { user, set } = await visit(guard, `connect.sid=${encodeURIComponent(value)}`)
    expect([user, reads(), set.size, old.size]).toEqual([undefined, 0, 0, 2])
  })

  test.each([
    ['over', session({ passport: { user: 7 } }, -1)],
    ['over since a time that is none', JSON.stringify({ cookie: { expires: 'soon' }, passport: { user: 7 } })],
    ['not there', undefined],
    ['null', null],
    ['no JSON', '{"passport":'],
    ['a list', '[{"passport":{"user":7}}]'],
    ['a text', '"passport"'],
  ])('from a session that is %s; its cookie goes', async (_, contents) => {
    const { old, guard } = move()
    old.set(ID, contents)
    const { user, set } = await visit(guard, oldCookie)
    expect([user, [...set]]).toEqual([undefined, [['connect.sid', '']]])
  })

  test('where there is a new session already', async () => {
    const { old, guard, reads } = move()
    const x = exchange()
    await (guard.offers!['session']!(x) as Session).signIn({ id: '1' })
    guard.onResponse!(x)
    const [line = ''] = x.sent.get('set-cookie') ?? []
    old.set(ID, session({ passport: { user: 7 } }))
    expect((await visit(guard, `${line.split(';')[0]}; ${oldCookie}`)).user).toBe('1')
    expect(reads()).toBe(0)
  })

  test('by a name such as __proto__ in it', async () => {
    const { old, guard } = move()
    old.set(ID, `{"cookie":{"expires":null},"__proto__":{"passport":{"user":7},"isAdmin":true}}`)
    const { user, data } = await visit(guard, oldCookie)
    expect([user, 'isAdmin' in data]).toEqual([undefined, false])
  })
})

describe('many requests with one old cookie', () => {
  test('become one session, however slow either store is', async () => {
    for (let round = 0; round < 10; round++) {
      const memory = memoryStore()
      const slow = async <T>(work: () => T): Promise<Awaited<T>> => {
        await pause(Math.random() * 4)
        return await work()
      }
      const { old, guard } = move(
        { read: (id) => slow(() => old.get(id)), remove: (id) => slow(() => old.delete(id)) },
        {
          ...memory,
          name: 'slow',
          shared: true,
          get: (key) => slow(() => memory.get(key)),
          put: (key, value, options) => slow(() => memory.put(key, value, options)),
          delete: (key) => slow(() => memory.delete(key)),
          take: memory.take.bind(memory),
          keysOf: (owner) => slow(() => memory.keysOf(owner)),
          deleteAllOf: (owner) => slow(() => memory.deleteAllOf(owner)),
        },
      )
      old.set(ID, session({ passport: { user: 7 } }))
      const visits = await Promise.all(
        Array.from({ length: 12 }, async () => {
          await pause(Math.random() * 12)
          return visit(guard, oldCookie)
        }),
      )
      expect(visits.map(({ user }) => user)).toEqual(Array.from({ length: 12 }, () => '7'))
      expect(new Set(visits.map(newCookie)).size, `round ${round}`).toBe(1)
      const [first] = visits
      expect(await (await visit(guard, newCookie(first!))).session.list()).toHaveLength(1)
    }
  })

  test('end none that the user has elsewhere: what was begun by those that came late is not counted', async () => {
    const memory = memoryStore()
    let release = (): void => {}
    const first = new Promise<void>((resolve) => {
      release = resolve
    })
    const { old, guard } = move(
      {},
      {
        ...memory,
        put: async (key, value, options) => {
          const version = await memory.put(key, value, options)
          // Who was beaten hears of it only when the first one has its answer.
          if (version === undefined && key.startsWith('session-taken:')) await first
          return version
        },
        get: (key) => memory.get(key),
        delete: (key) => memory.delete(key),
        take: memory.take.bind(memory),
        keysOf: (owner) => memory.keysOf(owner),
        deleteAllOf: (owner) => memory.deleteAllOf(owner),
      },
      4,
    )
    const cookies: string[] = []
    for (const id of ['a1', 'a2', 'a3']) {
      old.set(id, session({ passport: { user: 7 } }))
      cookies.push(newCookie(await visit(guard, `connect.sid=${signed(id)}`)))
    }
    old.set(ID, session({ passport: { user: 7 } }))
    const visits = Array.from({ length: 12 }, () => visit(guard, oldCookie))
    cookies.push(newCookie(await Promise.race(visits)))
    const usersOf = async () =>
      (await Promise.all(cookies.map((cookie) => visit(guard, cookie)))).map(({ user }) => user)
    expect(await usersOf()).toEqual(['7', '7', '7', '7'])
    const { session: other } = await visit(guard, '')
    await other.signIn({ id: '7' })
    // One of the four had to go, and is not among those that still wait.
    expect((await usersOf()).filter((user) => user === '7')).toHaveLength(3)
    expect(await other.list()).toHaveLength(4)
    release()
    expect(new Set((await Promise.all(visits)).map(newCookie)).size).toBe(1)
    expect(await other.list()).toHaveLength(4)
  })

  test('are counted also where one of them moves the session to another id meanwhile', async () => {
    let release = (): void => {}
    const isHeld = new Promise<void>((resolve) => {
      release = resolve
    })
    let reach = (): void => {}
    const isReached = new Promise<void>((resolve) => {
      reach = resolve
    })
    const { old, guard } = move({
      remove: async (id) => {
        reach()
        await isHeld
        return old.delete(id)
      },
    })
    old.set(ID, session({ passport: { user: 7 } }))
    const first = visit(guard, oldCookie)
    await isReached
    const contents = old.get(ID)
    // As soon as it is known where the old session has gone, another request is led there.
    old.delete(ID)
    const x = exchange({ headers: { cookie: oldCookie } })
    guard.onRequest!(x)
    const second = guard.offers!['session']!(x) as Session
    await second.rotate()
    old.set(ID, contents)
    release()
    expect((await first).user).toBeUndefined()
    expect(await second.list()).toMatchObject([{ current: true }])
  })

  test('cannot bring back what was ended between them', async () => {
    let release = (): void => {}
    let isHeld = true
    const { old, guard } = move({
      read: async (id) => {
        const found = old.get(id)
        if (isHeld) {
          isHeld = false
          await new Promise<void>((resolve) => {
            release = resolve
          })
        }
        return found
      },
    })
    old.set(ID, session({ passport: { user: 7 } }))
    const late = visit(guard, oldCookie)
    await pause(1)
    const quick = await visit(guard, oldCookie)
    expect(quick.user).toBe('7')
    await quick.session.signOut()
    release()
    expect((await late).user).toBeUndefined()
    expect((await visit(guard, newCookie(await late))).user).toBeUndefined()
  })

  test('nor what the old app ended while it was being taken over', async () => {
    const { old, guard } = move({
      read: async (id) => {
        const found = old.get(id)
        old.delete(id)
        return found
      },
    })
    old.set(ID, session({ passport: { user: 7 } }))
    const { user, set } = await visit(guard, oldCookie)
    expect([user, set.has('__Host-app-session')]).toEqual([undefined, false])
    const { session: other } = await visit(guard, '')
    await other.signIn({ id: '7' })
    expect(await other.list()).toHaveLength(1)
  })

  test('find the way for a minute, and not for longer', async () => {
    let time = Date.now()
    const now = (): number => time
    const old = new Map<string, unknown>()
    const takeOver = { secrets: [SECRET], read: (id: string) => old.get(id), remove: (id: string) => old.delete(id) }
    const guard = sessions({ takeOver }, setup({ store: memoryStore({ now }), now }))
    old.set(ID, session({ passport: { user: 7 } }))
    const first = await visit(guard, oldCookie)
    time += 59_000
    expect(newCookie(await visit(guard, oldCookie))).toBe(newCookie(first))
    time += 1_000
    expect((await visit(guard, oldCookie)).user).toBeUndefined()
    expect((await visit(guard, newCookie(first))).user).toBe('7')
  })
})

describe('with a store away', () => {
  test.each(['read', 'remove'] as const)(
    'the old one, at %s: 503, and the session is still there afterwards',
    async (what) => {
      let isAway = true
      const { old, guard } = move({
        [what]: async (id: string) => {
          if (isAway) throw new Error('connection refused')
          return what === 'read' ? old.get(id) : old.delete(id)
        },
      })
      old.set(ID, session({ passport: { user: 7 } }))
      await expect(visit(guard, oldCookie)).rejects.toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE', status: 503 })
      isAway = false
      const { user, session: own } = await visit(guard, oldCookie)
      expect([user, (await own.list()).length, old.size]).toEqual(['7', 1, 0])
    },
  )

  test('an old one that never answers is away as well', async () => {
    const { guard } = move({ read: () => new Promise(() => {}) })
    await expect(visit(guard, oldCookie)).rejects.toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE' })
  })

  test('the new one: 503, and the old session is untouched', async () => {
    const memory = memoryStore()
    let isAway = true
    const { old, guard } = move(
      {},
      {
        ...memory,
        name: 'away',
        shared: true,
        get: (key) => memory.get(key),
        put: (key, value, options) => {
          if (isAway) throw new Error('connection refused')
          return memory.put(key, value, options)
        },
        delete: (key) => memory.delete(key),
        take: memory.take.bind(memory),
        keysOf: (owner) => memory.keysOf(owner),
        deleteAllOf: (owner) => memory.deleteAllOf(owner),
      },
    )
    old.set(ID, session({ passport: { user: 7 } }))
    await expect(visit(guard, oldCookie)).rejects.toMatchObject({ status: 503 })
    expect(old.size).toBe(1)
    isAway = false
    expect((await visit(guard, oldCookie)).user).toBe('7')
  })
})

test('the new id is sealed for whoever has the old cookie', () => {
  const mine = { id: ID, secret: SECRET }
  const text = seal(mine, 'the new id')
  expect(text).not.toContain('new')
  expect(open(mine, text)).toBe('the new id')
  expect(seal(mine, 'the new id')).not.toBe(text)
  expect(open({ ...mine, id: `${ID}x` }, text)).toBeUndefined()
  expect(open({ ...mine, secret: 'another' }, text)).toBeUndefined()
  expect(open(mine, `${text.slice(0, -2)}AA`)).toBeUndefined()
  for (const nothing of ['', 'AAAA', '{"moved":true}']) expect(open(mine, nothing)).toBeUndefined()
})

test('any of the secrets will do, and the one that fits is kept', () => {
  expect(unsign(signed(ID), ['a', SECRET, 'b'])).toEqual({ id: ID, secret: SECRET })
  expect(unsign(signed('with.dots.in'), [SECRET])).toEqual({ id: 'with.dots.in', secret: SECRET })
  expect(unsign(signed(ID), ['a'])).toBeUndefined()
})

test.each([
  ['cookie', { cookie: 'connect sid' }],
  ['path', { path: 'shop' }],
  ['domain', { domain: 'a; Secure' }],
  ['secrets', { secrets: [] }],
  ['secrets', { secrets: [''] }],
  ['secrets', { secrets: 'keyboard cat' as never }],
  ['read', { read: undefined as never }],
  ['read', { remove: 'x' as never }],
  ['read', { user: {} as never }],
])('a take-over with a bad %s keeps the app from starting', (key, more) => {
  expect(() => move(more)).toThrow(
    expect.objectContaining({ code: 'BULWARK_POLICY_INVALID', at: `policy.sessions.takeOver.${key}` }),
  )
})
