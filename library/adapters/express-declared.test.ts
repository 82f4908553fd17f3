import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express5 from 'express'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { SecurityEvent } from '../core/event.ts'
import { off } from '../core/policy.ts'
import { exchangeOf } from '../runtime/baseline.ts'
import type { Policy } from '../runtime/policy.ts'
import { bulwark, secure } from './express.ts'

const closers: (() => unknown)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function up(app: express5.Express): Promise<string> {
  const server: Server = app.listen(0, '127.0.0.1')
  closers.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  await new Promise((done) => server.once('listening', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const crossSite: RequestInit = {
  method: 'POST',
  headers: { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' },
}
const roles: Policy = {
  onEvent: () => {},
  accessControl: { roles: { guest: [], admin: ['a:b'] }, identify: () => undefined },
} as never
const admin = secure({ allow: 'a:b' as never })
const answer: express5.RequestHandler = (_req, res) => void res.send('in')

describe.each([
  ['Express 5', express5],
  ['Express 4', createRequire(import.meta.url)('express4') as typeof express5],
])('on %s', (_name, express) => {
  const status = async (app: express5.Express, path: string, init: RequestInit = {}): Promise<number> =>
    (await fetch((await up(app)) + path, init)).status

  test.each(['in front of it', 'behind it'])('a contract holds in an app that is mounted %s', async (where) => {
    const [app, sub] = [express(), express()]
    sub.get('/x', admin, answer)
    if (where === 'in front of it') app.use('/sub', sub)
    app.use(bulwark(roles))
    if (where === 'behind it') app.use('/sub', sub)
    expect(await status(app, '/sub/x')).toBe(401)
  })

  test('what a route of a mounted app is exempt from is known, and other code of that app is not exempt', async () => {
    const [app, sub] = [express(), express()]
    app.use(bulwark({ onEvent: () => {} }))
    app.use('/sub', sub)
    sub.use('/loose', answer)
    sub.post('/hook', secure({ csrf: off('signed') }), answer)
    const origin = await up(app)
    const all = []
    for (const path of ['/sub/hook', '/sub/loose', '/hook']) all.push((await fetch(origin + path, crossSite)).status)
    expect(all).toEqual([200, 403, 403])
  })

  test('an exemption in an app that was mounted in front of the line is told of at start-up', async () => {
    const [app, sub] = [express(), express()]
    const told: SecurityEvent[] = []
    app.use('/sub', sub)
    const plug = bulwark({ onEvent: (event) => void told.push(event) })
    app.use(plug)
    sub.post('/hook', secure({ csrf: off('signed') }), answer)
    app.post('/known', secure({ csrf: off('as well') }), answer)
    expect(await status(app, '/sub/hook', crossSite)).toBe(403)
    const here = told.map(({ reason }) => /declared for csrf at (\S+)/.exec(reason)?.[1] ?? '')
    expect(here).toContainEqual(expect.stringMatching(/express-declared\.test\.ts:\d/))
    const known = plug.routes().find(({ path }) => path === '/known')
    expect(here).not.toContain(known?.at)
  })

  test('an exempt route below a router and a parameter is found, whatever stands in front of it', async () => {
    const [app, router] = [express(), express.Router({ mergeParams: true })]
    app.use(bulwark({ onEvent: () => {} }))
    app.use(express.json())
    router.post(
      '/hook',
      secure({ csrf: off('signed') }),
      (req, res) => void res.send((req.params as { team?: string }).team),
    )
    app.use('/teams/:team', router)
    const origin = await up(app)
    const response = await fetch(`${origin}/teams/red/hook`, crossSite)
    expect([response.status, await response.text()]).toEqual([200, 'red'])
    expect((await fetch(`${origin}/teams/red/hooks`, crossSite)).status).toBe(403)
  })

  test('a contract in front of many paths holds for all of them, and for nothing else', async () => {
    const app = express()
    app.use(bulwark({ ...roles }))
    app.use('/admin', admin, answer)
    app.use('/open', answer)
    const origin = await up(app)
    expect([(await fetch(`${origin}/admin/x`)).status, (await fetch(`${origin}/open`)).status]).toEqual([401, 200])
  })

  test('a contract in front of many paths leaves a route behind it what that one is exempt from', async () => {
    const app = express()
    app.use(bulwark({ onEvent: () => {}, massAssignment: { privileged: ['role'] } }))
    app.use('/api', secure({ limit: '6/min' }), express.json({ limit: '1mb' }))
    app.post('/api/hook', secure({ csrf: off('signed'), mayAssign: ['role'], bodyLimits: { json: '300kb' } }), answer)
    app.post('/api/bare', answer)
    const origin = await up(app)
    const ask = async (path: string, body: object): Promise<number> => {
      const headers = { ...crossSite.headers, 'content-type': 'application/json' }
      return (await fetch(origin + path, { ...crossSite, headers, body: JSON.stringify(body) })).status
    }
    expect(await ask('/api/hook', { role: 'admin' })).toBe(200)
    expect(await ask('/api/hook', { text: 'x'.repeat(200_000) })).toBe(200)
    expect(await ask('/api/bare', {})).toBe(403)
    const all = []
    for (let i = 0; i < 5; i++) all.push(await ask('/api/hook', {}))
    // What is refused at the baseline comes to no contract, and is not counted.
    expect(all).toEqual([200, 200, 200, 200, 429])
  })

  test('a route is exempt from what it says, and code in front of it from nothing else', async () => {
    const app = express()
    app.use(bulwark({ onEvent: () => {}, massAssignment: { privileged: ['role'] } }))
    app.use('/posts', answer)
    app.post('/posts', secure({ body: z.object({}) }), answer)
    app.post('/posts', secure({ mayAssign: ['role'], deserialization: off('only shown') }), answer)
    expect(await status(app, '/posts', crossSite)).toBe(403)
  })

  test('no request waits for a route with a body where the policy names no privileged field', async () => {
    const seen: boolean[] = []
    const app = express()
    app.use(bulwark({ onEvent: () => {} }))
    app.use('/posts', (req, _res, next) => {
      seen.push((exchangeOf(req)?.deferrals.size ?? 0) > 0)
      next()
    })
    app.post('/posts', secure({ body: z.object({}) }), answer)
    app.post('/posts/hook', secure({ csrf: off('signed') }), answer)
    const origin = await up(app)
    for (const path of ['/posts', '/posts/hook']) await fetch(origin + path, { method: 'POST' })
    expect(seen).toEqual([false, true])
  })

  test('what only a route can declare keeps the app from starting elsewhere', () => {
    const app = express()
    app.use(bulwark({ onEvent: () => {} }))
    app.use('/hooks', secure({ csrf: off('signed') }), answer)
    expect(() => app.listen(0)).toThrow(/BULWARK_ROUTE_UNPLACED[\s\S]*csrf/)
  })

  test('two contracts of one route both hold', async () => {
    const app = express()
    app.use(bulwark({ onEvent: () => {} }))
    app.get('/', secure({ limit: '2/min' }), secure({ query: undefined as never, fresh: '10m' }), answer)
    expect(await status(app, '/')).toBe(401)
  })

  test('a contract counts once, wherever it stands', async () => {
    const app = express()
    app.use(bulwark({ onEvent: () => {} }))
    app.get('/', secure({ limit: '2/min' }), secure({ changesState: false }), answer)
    const origin = await up(app)
    const all = []
    for (let i = 0; i < 3; i++) all.push((await fetch(origin)).status)
    expect(all).toEqual([200, 200, 429])
  })

  test('a route of an app that nobody protects answers nothing that it was to keep', async () => {
    const app = express()
    app.set('env', 'test')
    app.get('/', admin, answer)
    expect(await status(app, '/')).toBe(500)
  })
})
