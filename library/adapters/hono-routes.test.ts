import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { SecurityEvent } from '../core/event.ts'
import type { Policy } from '../runtime/policy.ts'
import { bulwark, secure } from './hono.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of closers.splice(0)) await close()
})

function watched(policy: Policy = {}): { policy: Policy; events: SecurityEvent[] } {
  const events: SecurityEvent[] = []
  return { policy: { onEvent: (event) => void events.push(event), ...policy }, events }
}

async function up(app: Hono): Promise<string> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closers.push(
    () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const keeper: Policy = {
  accessControl: { roles: { guest: ['a:view'], keeper: ['a:keep'] }, identify: () => undefined },
}

describe('contracts of Hono routes', () => {
  test('hold before the first function of the route runs, wherever they stand in it, and in parts of the app', async () => {
    const app = new Hono()
    const calls: string[] = []
    app.use(bulwark(watched(keeper).policy))
    app.get('/open', secure({ allow: 'anyone' }), (c) => c.text('open'))
    app.get(
      '/late',
      async (_c, next) => {
        calls.push('ran')
        await next()
      },
      (c) => c.text('late'),
      secure({ allow: 'a:keep' }),
    )
    app.get(
      '/behind',
      async (c, _next) => {
        calls.push('ran')
        return c.text('behind')
      },
      secure({ allow: 'a:keep' }),
    )
    const part = new Hono()
    // A part with its own way with errors puts a function around each of its own.
    part.onError((_error, c) => c.text('part', 500))
    part.get('/view/:id', secure({ allow: 'a:view' }), (c) => c.text('view'))
    part.get('/keep/:id', secure({ allow: 'a:keep' }), (c) => c.text('keep'))
    app.route('/part', part)
    const origin = await up(app)
    const statuses = []
    for (const path of ['/open', '/late', '/behind', '/part/view/1', '/part/keep/1'])
      statuses.push((await fetch(origin + path)).status)
    expect(statuses).toEqual([200, 401, 401, 200, 401])
    expect(calls).toEqual([])
  })

  test('on a prefix hold for everything below it, and a route below cannot loosen them', async () => {
    const app = new Hono()
    app.use(bulwark(watched(keeper).policy))
    app.use('/admin/*', secure({ allow: 'a:keep' }))
    app.get('/admin/plain', (c) => c.text('secret'))
    app.get('/admin/loose', secure({ allow: 'anyone' }), (c) => c.text('secret'))
    app.use('/seen/*', secure({ allow: 'a:view' }))
    app.use('/seen/*', async (_c, next) => next())
    app.get('/seen/more', secure({ limit: '5/min' }), (c) => c.text('seen'))
    const origin = await up(app)
    const statuses = []
    for (const path of ['/admin/plain', '/admin/loose', '/seen/more'])
      statuses.push((await fetch(origin + path)).status)
    expect(statuses).toEqual([401, 401, 200])
  })

  test('of a route that an earlier one passes on to holds as well', async () => {
    const app = new Hono()
    app.use(bulwark(watched(keeper).policy))
    app.get('/a/:id', secure({ allow: 'anyone' }), async (_c, next) => next())
    let ran = false
    app.get('/a/kept', secure({ allow: 'a:keep' }), (c) => {
      ran = true
      return c.text('secret')
    })
    expect((await fetch(`${await up(app)}/a/kept`)).status).toBe(401)
    expect(ran).toBe(false)
  })

  test('are not inherited from a route that passes on, and what declares nothing behind it is refused', async () => {
    const app = new Hono()
    const ran: string[] = []
    app.use(bulwark(watched(keeper).policy))
    // As static files are served: what is not there goes on to the next route.
    app.get('*', secure({ allow: 'anyone' }), async (c, next) => (c.req.path === '/file' ? c.text('file') : next()))
    app.get('/file', secure({ allow: 'a:keep' }), (c) => c.text('never'))
    app.get('/bare', (c) => {
      ran.push('bare')
      return c.text('x')
    })
    app.get('/limited', secure({ limit: '9/min' }), (c) => {
      ran.push('limited')
      return c.text('x')
    })
    app.get('/view', secure({ allow: 'a:view' }), (c) => c.text('x'))
    const origin = await up(app)
    const statuses = []
    for (const path of ['/file', '/bare', '/limited', '/view']) statuses.push((await fetch(origin + path)).status)
    expect(statuses).toEqual([200, 403, 403, 200])
    expect(ran).toEqual([])
  })

  test('refuse once, also where two routes on the way would', async () => {
    const app = new Hono()
    const { policy, events } = watched(keeper)
    app.use(bulwark(policy))
    app.get('*', secure({ allow: 'a:keep' }), async (_c, next) => next())
    app.get('/bare', (c) => c.text('x'))
    const response = await fetch(`${await up(app)}/bare`)
    expect([response.status, response.headers.get('content-type')]).toEqual([403, 'application/problem+json'])
    expect(events.filter(({ outcome }) => outcome === 'denied')).toHaveLength(1)
  })

  test('for one method hold below their path for that method', async () => {
    const app = new Hono()
    const plug = bulwark(watched(keeper).policy)
    app.use(plug)
    app.get('/a/*', secure({ allow: 'a:view' }))
    app.get('/a/b', (c) => c.text('x'))
    app.delete('/a/b', (c) => c.text('x'))
    const origin = await up(app)
    const remove = { method: 'DELETE', headers: { 'sec-fetch-site': 'same-origin' } }
    expect([(await fetch(`${origin}/a/b`)).status, (await fetch(`${origin}/a/b`, remove)).status]).toEqual([200, 403])
    expect(() => plug.routes(app)).toThrow(/BULWARK_ROUTE_UNDECLARED(?![\s\S]*GET)[\s\S]*DELETE +\/a\/b/)
  })

  test('count each request once', async () => {
    const app = new Hono()
    app.use(bulwark(watched(keeper).policy))
    app.get('/few', secure({ allow: 'anyone', limit: '2/min' }), (c) => c.text('x'))
    const origin = await up(app)
    const statuses = []
    for (const _ of [1, 2, 3]) statuses.push((await fetch(`${origin}/few`)).status)
    expect(statuses).toEqual([200, 200, 429])
  })

  test('on the way to one route are those of each path alone', async () => {
    const app = new Hono()
    app.use(bulwark(watched(keeper).policy))
    app.use('/a/kept', secure({ allow: 'a:keep' }))
    app.use('/a/seen', secure({ allow: 'a:view' }))
    app.get('/a/:id', secure({ limit: '50/min' }), (c) => c.text('a'))
    const origin = await up(app)
    const statuses = []
    for (const id of ['kept', 'seen', 'kept', 'other']) statuses.push((await fetch(`${origin}/a/${id}`)).status)
    expect(statuses).toEqual([401, 200, 401, 403])
  })

  test('with roles, a route that declares nothing is refused, and named by what asks for the routes', async () => {
    const app = new Hono()
    const { policy, events } = watched(keeper)
    const plug = bulwark(policy)
    let ran = false
    app.use(plug)
    app.get('/declared', secure({ allow: 'a:view' }), (c) => c.text('x'))
    app.get('/forgotten', (c) => {
      ran = true
      return c.text('?')
    })
    expect(() => plug.routes(app)).toThrow(/BULWARK_ROUTE_UNDECLARED[\s\S]*GET +\/forgotten/)
    expect((await fetch(`${await up(app)}/forgotten`)).status).toBe(403)
    expect(ran).toBe(false)
    expect(events).toContainEqual(expect.objectContaining({ outcome: 'denied', risk: 'missing-authorization' }))
  })

  test('with a permission that no role has are reported with the line, once, and let nobody in', async () => {
    const app = new Hono()
    const { policy, events } = watched(keeper)
    app.use(bulwark(policy))
    app.use('/x/*', secure({ limit: '50/min' }))
    app.get('/x', secure({ allow: 'a:kep' }), (c) => c.text('x'))
    const origin = await up(app)
    const statuses = [(await fetch(`${origin}/x`)).status, (await fetch(`${origin}/x`)).status]
    expect(statuses).toEqual([401, 401])
    const reported = events.filter(({ outcome }) => outcome === 'reported')
    expect(reported.map((event) => String(event.error))).toEqual([
      expect.stringMatching(/"a:kep"[\s\S]*hono-routes\.test\.ts:\d+/),
    ])
  })

  test('the routes are listed with what each declares, itself or by a prefix before it', () => {
    const app = new Hono()
    const plug = bulwark(watched(keeper).policy)
    app.use(plug)
    app.use('/admin/:area/*', secure({ allow: 'a:keep' }))
    app.get('/admin/*', secure({ limit: '50/min' }))
    app.get('/admin/:area/list', (c) => c.text('x'))
    app.all('/any', secure({ allow: 'anyone', limit: '9/min' }), () => new Response('x'))
    expect(plug.routes(app)).toEqual([
      {
        method: 'GET',
        path: '/admin/:area/list',
        at: expect.stringContaining('hono-routes.test.ts:'),
        contract: { allow: 'a:keep', limit: '50/min' },
      },
      { method: 'ALL', path: '/any', at: expect.any(String), contract: { allow: 'anyone', limit: '9/min' } },
    ])
  })

  test('of a prefix that comes after a route are none of it', () => {
    const app = new Hono()
    const plug = bulwark(watched().policy)
    app.use(plug)
    app.get('/x/y', (c) => c.text('first'))
    app.use('/x/*', secure({ allow: 'anyone' }))
    app.get('/x/y', (c) => c.text('never'))
    expect(plug.routes(app)).toEqual([{ method: 'GET', path: '/x/y', at: undefined, contract: undefined }])
  })

  test('without the line in front of them fail, and the route does not run', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const app = new Hono()
    let ran = false
    app.get('/', secure({ allow: 'anyone' }), (c) => {
      ran = true
      return c.text('x')
    })
    expect([(await fetch(await up(app))).status, ran]).toEqual([500, false])
  })
})
