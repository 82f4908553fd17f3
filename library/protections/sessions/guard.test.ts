import { describe, expect, test, vi } from 'vitest'
import { frameworks, type Running, type Serve } from '../../../laws/frameworks.ts'
import type { Security } from '../../core/security.ts'
import type { Store } from '../../core/store.ts'
import type { VictimApp, VictimRequest } from '../../core/victim.ts'
import type { Policy } from '../../runtime/policy.ts'
import { memoryStore } from '../../stores/memory.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import type { Session } from './data.ts'
import { type SessionsOptions, sessions } from './guard.ts'
import { sessionOf } from './index.ts'

declare module './data.ts' {
  interface SessionUser {
    readonly role?: string
  }
}

for (const [what, options, code, at] of [
  ['an idle time without a unit', { idle: '30' }, 'BULWARK_DURATION_INVALID', 'policy.sessions.idle'],
  ['no idle time', { idle: 0 }, 'BULWARK_DURATION_INVALID', 'policy.sessions.idle'],
  ['an absolute time that is none', { absolute: 'long' }, 'BULWARK_DURATION_INVALID', 'policy.sessions.absolute'],
  ['an idle time beyond the absolute one', { idle: '2d' }, 'BULWARK_POLICY_INVALID', 'policy.sessions.idle'],
  ['no session at all', { limit: 0 }, 'BULWARK_POLICY_INVALID', 'policy.sessions.limit'],
  ['half a session', { limit: 1.5 }, 'BULWARK_POLICY_INVALID', 'policy.sessions.limit'],
] as const satisfies readonly (readonly [string, SessionsOptions, string, string])[]) {
  test(`${what} is refused at start-up`, () => {
    expect(() => sessions(options, setup())).toThrow(expect.objectContaining({ code, at }))
  })
}

describe('in production with a store in memory', () => {
  const facts = () => setup({ production: true })

  test('an app without sessions starts, and is told what would happen', async () => {
    const from = facts()
    const guard = sessions({}, from)
    expect(from.reports).toMatchObject([{ guard: 'sessions', risk: 'sessions-in-one-process' }])
    const x = exchange({ headers: { cookie: `__Host-app-session=${'A'.repeat(43)}` } })
    expect(guard.onRequest!(x)).toBeUndefined()
    expect(() => guard.offers!['session']!(x)).toThrow(/^BULWARK_POLICY_UNSAFE/)
    await expect(sessionOf(x)).rejects.toMatchObject({ code: 'BULWARK_POLICY_UNSAFE' })
  })

  test('a policy that speaks of sessions does not start', () => {
    expect(() => sessions({ idle: '10m' }, facts())).toThrow(/^BULWARK_POLICY_UNSAFE/)
    expect(() => sessions({ mode: 'observe' }, facts())).not.toThrow()
  })

  test('it may be accepted', async () => {
    const guard = sessions({ insecureMemory: true }, facts())
    const session = guard.offers!['session']!(exchange()) as Session
    await session.signIn({ id: '1' })
    expect(await session.list()).toHaveLength(1)
  })

  test('a store that is shared raises no question', () => {
    const from = setup({ production: true, store: { ...plain(memoryStore()), shared: true } })
    sessions({ idle: '10m' }, from)
    expect(from.reports).toEqual([])
  })
})

test('a route’s freshness that is none keeps the app from starting', () => {
  const guard = sessions({}, setup())
  const route = { method: 'POST', path: '/password', at: 'app.ts:7', contract: { fresh: 'soon' } }
  expect(() => guard.onRoutes!([route])).toThrow(/^BULWARK_DURATION_INVALID/)
})

test('a WebSocket handshake can read the session but not begin one', async () => {
  const guard = sessions({}, setup())
  const session = guard.offers!['session']!(exchange({ upgrade: true })) as Session
  expect(await session.get()).toEqual({})
  await expect(session.signIn({ id: '1' })).rejects.toMatchObject({ code: 'BULWARK_SESSION_INVALID' })
})

/** A club whose members have roles, which their sessions know. */
function club(app: VictimApp): void {
  app.post(
    '/sign-in',
    async (req, res) => {
      const { body } = req
      await mine(req).session.signIn({ id: '1', role: String(body.role) })
      res.set('Set-Cookie', 'theme=dark; Path=/')
      res.send('welcome')
    },
    { contract: { allow: 'anyone' } },
  )
  app.post(
    '/sign-out',
    async (req, res) => {
      await mine(req).session.signOut()
      res.redirect('/')
    },
    { contract: { allow: 'anyone' } },
  )
  app.get('/', async (req, res) => res.json({ user: (await mine(req).user()) ?? null }), {
    contract: { allow: 'anyone' },
  })
  app.get('/health', (_req, res) => res.send('fine'), { contract: { allow: 'anyone' } })
  app.get('/books', (_req, res) => res.send('books'), { contract: { allow: 'books:view' } })
  app.get('/password', (_req, res) => res.send('old and new'), { contract: { allow: 'anyone', fresh: 100 } })
  app.get(
    '/late',
    async (req, res) => {
      const security = mine(req)
      res.send('sent')
      await new Promise((resolve) => setTimeout(resolve, 20))
      late = await security.session.signIn({ id: '1' }).then(
        () => 'signed in',
        (error) => error.code,
      )
    },
    { contract: { allow: 'anyone' } },
  )
}
let late: string | undefined

function mine({ security }: VictimRequest): Security {
  if (security !== undefined) return security
  throw new Error('this club is not open without Bulwark')
}

const policy: Policy = {
  onEvent: () => {},
  accessControl: {
    roles: { guest: [], keeper: ['books:view'], member: [] },
    identify: async (x) => {
      const user = (await sessionOf(x))?.user
      return user && { id: user.id, roles: [user.role ?? 'guest'] }
    },
  },
}

async function served(serve: Serve, more: Policy, work: (origin: string) => Promise<void>): Promise<void> {
  const app: Running = await serve(club, { ...policy, ...more })
  try {
    await work(app.origin)
  } finally {
    await app.close()
  }
}

async function signIn(origin: string, role: string): Promise<{ cookie: string; response: Response }> {
  const response = await ask(origin, '/sign-in', '', JSON.stringify({ role }))
  const line = response.headers.getSetCookie().find((each) => each.startsWith('__Host-')) ?? ''
  return { cookie: line.split(';')[0] ?? '', response }
}

function ask(origin: string, path: string, cookie: string, body?: string): Promise<Response> {
  return fetch(origin + path, {
    method: body === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    headers: { cookie, ...(body !== undefined && { origin, 'content-type': 'application/json' }) },
    ...(body !== undefined && { body }),
  })
}

describe.each(Object.entries(frameworks))('on %s', (_, serve) => {
  test('roles come from the session, and signing out ends them', () =>
    served(serve, {}, async (origin) => {
      expect((await ask(origin, '/books', '')).status).toBe(401)
      const keeper = await signIn(origin, 'keeper')
      expect(keeper.response.headers.getSetCookie()).toEqual([
        expect.stringContaining('theme=dark'),
        expect.stringMatching(/^__Host-app-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
      ])
      expect(keeper.response.headers.get('cache-control')).toBe('no-store')
      expect(await (await ask(origin, '/books', keeper.cookie)).text()).toBe('books')
      const member = await signIn(origin, 'member')
      expect((await ask(origin, '/books', member.cookie)).status).toBe(403)

      const out = await ask(origin, '/sign-out', keeper.cookie, '{}')
      expect(out.status).toBe(302)
      expect(out.headers.get('clear-site-data')).toBe('"cookies", "storage"')
      expect((await ask(origin, '/books', keeper.cookie)).status).toBe(401)
      expect(await (await ask(origin, '/', keeper.cookie)).json()).toEqual({ user: null })
    }))

  test('a step that asks for a fresh sign-in refuses an older one', () =>
    served(serve, {}, async (origin) => {
      const guest = await ask(origin, '/password', '')
      expect(guest.status).toBe(401)
      const { cookie } = await signIn(origin, 'member')
      await new Promise((resolve) => setTimeout(resolve, 120))
      const refused = await ask(origin, '/password', cookie)
      expect(refused.status).toBe(401)
      expect(refused.headers.get('content-type')).toBe('application/problem+json')
      expect(refused.headers.get('www-authenticate')).toContain('insufficient_user_authentication')
      expect((await ask(origin, '/', cookie)).status).toBe(200)
    }))

  test('with the store away a request with a session is a 503, and one that needs none is answered', () => {
    const store = plain(memoryStore())
    let isAway = false
    const away: Store = {
      ...store,
      get(key) {
        if (isAway && key.startsWith('session:')) throw new Error('connection refused to 10.0.0.7')
        return store.get(key)
      },
    }
    const open = { accessControl: {}, store: away } as const
    return served(serve, open, async (origin) => {
      const { cookie } = await signIn(origin, 'member')
      isAway = true
      // Hono writes what a handler threw to the console.
      const quiet = vi.spyOn(console, 'error').mockReturnValue()
      const refused = await ask(origin, '/', cookie)
      expect(refused.status).toBe(503)
      expect(await refused.text()).not.toContain('10.0.0.7')
      expect((await ask(origin, '/password', cookie)).status).toBe(503)
      expect((await ask(origin, '/health', cookie)).status).toBe(200)
      isAway = false
      quiet.mockRestore()
      expect((await ask(origin, '/', cookie)).status).toBe(200)
    })
  })

  test('a sign-in after the answer has left says so', () =>
    served(serve, {}, async (origin) => {
      late = undefined
      expect(await (await ask(origin, '/late', '')).text()).toBe('sent')
      await expect.poll(() => late).toBe('BULWARK_SESSION_INVALID')
    }))
})

function plain(store: Store): Store {
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
