import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import http, { type Server } from 'node:http'
import { createRequire } from 'node:module'
import net, { type AddressInfo } from 'node:net'
import express5, { type Express } from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import type { SecurityEvent } from '../core/event.ts'
import { off } from '../core/policy.ts'
import { fields, text } from '../protections/input/index.ts'
import type { Policy } from '../runtime/policy.ts'
import { bulwark as forExpress, secure as secureExpress } from './express.ts'
import { bulwark as forFastify, secure as secureFastify } from './fastify.ts'
import { secure, securityOf } from './node.ts'

const express4 = createRequire(import.meta.url)('express4') as typeof express5

const closers: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

function watched(policy: Policy = {}): { policy: Policy; events: SecurityEvent[] } {
  const events: SecurityEvent[] = []
  return { policy: { onEvent: (event) => void events.push(event), ...policy }, events }
}

async function up(server: Server): Promise<string> {
  if (!server.listening) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closers.push(
    () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function listen(app: Express): Promise<string> {
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(up(server)))
  })
}

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

describe.each([
  ['Express 5', express5],
  ['Express 4', express4],
])('%s', (_name, express) => {
  test('one line covers a route registered before it, a static file, and a path that nobody answers', async () => {
    const app = express()
    app.get('/early', (_req, res) => void res.send('early'))
    app.use('/file', (_req, res) => void res.end('file'))
    app.use(forExpress(watched().policy))
    const origin = await listen(app)
    for (const path of ['/early', '/file', '/nowhere']) {
      const response = await fetch(origin + path)
      expect(response.headers.get('x-content-type-options'), path).toBe('nosniff')
      expect(response.headers.get('x-powered-by'), path).toBeNull()
    }
    expect((await fetch(`${origin}/nowhere`)).headers.get('content-type')).toBe('application/problem+json')
  })

  test('an app handed to http.createServer is covered like one that listens itself', async () => {
    const app = express()
    app.use(forExpress(watched().policy))
    app.get('/', (_req, res) => void res.send('ok'))
    const origin = await up(http.createServer(app))
    expect((await fetch(origin)).headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('a contract holds wherever it stands in the route, before the first function runs', async () => {
    const app = express()
    const calls: string[] = []
    app.use(forExpress(watched({ accessControl: { roles: { guest: ['a:view'] } } }).policy))
    app.get('/open', secureExpress({ allow: 'anyone' }), (_req, res) => void res.send('open'))
    app.get('/view', (_req, res) => void res.send('view'), secureExpress({ allow: 'a:view' }))
    const router = express.Router()
    router.get('/deep', (_req, res) => void res.send('deep'), secureExpress({ allow: 'a:view' }))
    app.use('/sub', router)
    const origin = await listen(app)
    for (const path of ['/open', '/view', '/sub/deep']) expect((await fetch(origin + path)).status, path).toBe(200)
    // Registered while the app runs, and after what everybody may see.
    router.get(
      '/late',
      (_req, _res, next) => {
        calls.push('ran')
        next()
      },
      (_req, res) => void res.send('late'),
    )
    expect((await fetch(`${origin}/sub/late`)).status).toBe(403)
    expect(calls).toEqual([])
  })

  test('with roles, a route that declares nothing keeps the app from starting and is named with its line', () => {
    const app = express()
    app.use(forExpress(watched({ accessControl: { roles: { guest: [] } } }).policy))
    app.get('/forgotten', (_req, res) => void res.send('?'))
    expect(() => app.listen(0)).toThrow(/BULWARK_ROUTE_UNDECLARED[\s\S]*GET +\/forgotten +\S*adapters\.test\.ts:\d+/)
  })

  test('what a handler throws, now or later, becomes a problem document that says nothing', async () => {
    const app = express()
    const { policy, events } = watched()
    app.use(forExpress(policy))
    app.get('/now', () => {
      throw new Error('secret now')
    })
    app.get('/later', async () => {
      await Promise.resolve()
      throw new Error('secret later')
    })
    app.use('/plugged', async () => {
      throw new Error('secret plugged')
    })
    const origin = await listen(app)
    for (const path of ['/now', '/later', '/plugged']) {
      const response = await fetch(origin + path)
      const text = await response.text()
      expect(response.status, path).toBe(500)
      expect(Object.keys(JSON.parse(text)).sort()).toEqual(['incident', 'status', 'title', 'type'])
      expect(text).not.toContain('secret')
      const incident = (JSON.parse(text) as { incident: string }).incident
      expect(events.some((event) => event.request?.id === incident && event.error instanceof Error)).toBe(true)
    }
  })

  test("the app's own error function still has the first word", async () => {
    const app = express()
    app.use(forExpress(watched().policy))
    app.get('/', () => {
      throw new Error('x')
    })
    app.use(((_error, _req, res, _next) => void res.status(418).send('mine')) as express5.ErrorRequestHandler)
    const response = await fetch(await listen(app))
    expect([response.status, await response.text()]).toEqual([418, 'mine'])
  })

  test("the app's own parser works behind the one line, and query, body and headers stay what the framework made", async () => {
    const app = express()
    app.use(forExpress(watched().policy))
    app.use(express.json())
    app.post(
      '/echo',
      (req, res) => void res.json({ body: req.body, query: req.query, type: req.headers['content-type'] }),
    )
    const origin = await listen(app)
    const answer = await fetch(`${origin}/echo?a=1`, post({ b: [2, { c: 3 }] }))
    expect(await answer.json()).toEqual({ body: { b: [2, { c: 3 }] }, query: { a: '1' }, type: 'application/json' })
  })

  test('an answer that no route gave is an event, once for each path', async () => {
    const app = express()
    const { policy, events } = watched()
    app.use(forExpress(policy))
    app.use('/plugged', (_req, res) => void res.send('x'))
    const origin = await listen(app)
    await fetch(`${origin}/plugged`)
    await fetch(`${origin}/plugged`)
    expect(events.filter(({ risk }) => risk === 'uncovered-route')).toHaveLength(1)
  })

  test('req.security has the nonce that the page may use', async () => {
    const app = express()
    app.use(forExpress(watched().policy))
    app.get('/', (req, res) => void res.send(`<script nonce="${req.security.nonce}">1</script>`))
    const response = await fetch(await listen(app))
    const nonce = /nonce="([^"]+)"/.exec(await response.text())![1]!
    expect(response.headers.get('content-security-policy')).toContain(`'nonce-${nonce}'`)
  })

  test('on a router below a path, what is below that path is protected', async () => {
    const app = express()
    const router = express.Router()
    router.use(forExpress(watched().policy))
    router.get('/', (_req, res) => void res.send('ok'))
    app.use('/api', router)
    app.get('/other', (_req, res) => void res.send('ok'))
    const origin = await listen(app)
    expect((await fetch(`${origin}/api`)).headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('Fastify 5', () => {
  async function start(policy: Policy, build: (app: FastifyInstance) => void): Promise<string> {
    const app = fastify()
    app.register(forFastify(policy))
    build(app)
    closers.push(() => app.close())
    return app.listen({ port: 0, host: '127.0.0.1' })
  }

  test('a bare register(bulwark) protects', async () => {
    const app = fastify()
    app.register(forFastify, { onEvent: () => {} } as never)
    app.get('/', async () => ({ ok: true }))
    closers.push(() => app.close())
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    expect((await fetch(origin)).headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('covers routes of the same tick, of other plugins, hijacked replies, and paths that nobody answers', async () => {
    const origin = await start(watched().policy, (app) => {
      app.get('/same', async () => ({ ok: true }))
      app.register(async (child) => {
        child.get('/child', async () => ({ ok: true }))
      })
      app.get('/raw', (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(200, { 'Content-Type': 'text/plain', 'X-Powered-By': 'secret/1.0' })
        reply.raw.end('raw')
      })
    })
    for (const path of ['/same', '/child', '/raw', '/nowhere']) {
      const response = await fetch(origin + path)
      expect(response.headers.get('x-content-type-options'), path).toBe('nosniff')
      expect(response.headers.get('x-powered-by'), path).toBeNull()
    }
    expect(await (await fetch(`${origin}/nowhere`)).text()).not.toContain('Route')
  })

  test('a contract on a route of the same tick is known when the app starts, and holds', async () => {
    const { policy } = watched({
      accessControl: { roles: { guest: ['a:view'], keeper: ['a:keep'] }, identify: () => undefined },
    })
    const origin = await start(policy, (app) => {
      app.get('/view', secureFastify({ allow: 'a:view' }), async () => 'ok')
      app.get('/keep', { ...secureFastify({ allow: 'a:keep' }) }, async () => 'ok')
    })
    expect((await fetch(`${origin}/view`)).status).toBe(200)
    expect((await fetch(`${origin}/keep`)).status).toBe(401)
  })

  test('with roles, a route that declares nothing keeps the app from starting', async () => {
    const { policy } = watched({ accessControl: { roles: { guest: [] } } })
    await expect(start(policy, (app) => void app.get('/forgotten', async () => 'x'))).rejects.toThrow(
      /BULWARK_ROUTE_UNDECLARED[\s\S]*GET +\/forgotten +\S*adapters\.test\.ts:\d+/,
    )
  })

  test('errors become problem documents, and an error handler set later replaces that', async () => {
    const origin = await start(watched().policy, (app) => {
      app.get('/bad', async () => {
        throw new Error('secret')
      })
      app.register(async (child) => {
        child.setErrorHandler((_error, _request, reply) => void reply.code(418).send('mine'))
        child.get('/own', async () => {
          throw new Error('x')
        })
      })
    })
    const bad = await fetch(`${origin}/bad`)
    expect([bad.status, bad.headers.get('content-type')]).toEqual([500, 'application/problem+json'])
    expect(await bad.text()).not.toContain('secret')
    expect((await fetch(`${origin}/own`)).status).toBe(418)
  })

  test("the app's own answer to unknown paths stays", async () => {
    const origin = await start(watched().policy, (app) => {
      app.setNotFoundHandler((_request, reply) => void reply.code(404).send('mine'))
    })
    expect(await (await fetch(`${origin}/x`)).text()).toBe('mine')
  })

  test('request.security has the nonce, and the body stays what Fastify parsed', async () => {
    const origin = await start(watched().policy, (app) => {
      app.get('/', async (request, reply) => reply.type('text/html').send(`<p id="${request.security.nonce}">`))
      app.post('/echo', async (request) => request.body)
    })
    const page = await fetch(origin)
    expect(page.headers.get('content-security-policy')).toContain(/id="([^"]+)"/.exec(await page.text())![1]!)
    expect(await (await fetch(`${origin}/echo`, post({ a: [1] }))).json()).toEqual({ a: [1] })
  })
})

describe('node:http', () => {
  test('what a listener throws, now or later, becomes a problem document, and the server lives', async () => {
    const server = secure(
      http.createServer(async (req, res) => {
        if (req.url === '/now') throw new Error('secret')
        await Promise.resolve()
        if (req.url === '/later') throw new Error('secret')
        res.end('ok')
      }),
      watched().policy,
    )
    const origin = await up(server)
    for (const path of ['/now', '/later']) expect((await fetch(origin + path)).status, path).toBe(500)
    expect(await (await fetch(origin)).text()).toBe('ok')
  })

  test('what a declared function throws is answered, also where nobody awaits it', async () => {
    const body = fields({ name: text.line() })
    const declared = [
      secure({ body }, () => {
        throw new Error('secret')
      }),
      secure({ body }, () => Promise.reject(new Error('secret'))),
    ]
    const server = secure(
      http.createServer((req, res) => {
        declared[req.url === '/now' ? 0 : 1]?.(req, res)
      }),
      watched().policy,
    )
    const origin = await up(server)
    const headers = { 'content-type': 'application/json' }
    for (const path of ['/now', '/later']) {
      const answer = await fetch(origin + path, {
        method: 'POST',
        headers,
        body: '{"name":"ann"}',
        signal: AbortSignal.timeout(2000),
      })
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 500, 'application/problem+json'])
    }
  })

  test('a listener added later is covered, and one that is removed is no longer called', async () => {
    const server = secure(http.createServer(), watched().policy)
    const first = (_req: http.IncomingMessage, res: http.ServerResponse) => void res.end('first')
    server.on('request', first)
    const origin = await up(server)
    const response = await fetch(origin)
    expect([await response.text(), response.headers.get('x-content-type-options')]).toEqual(['first', 'nosniff'])
    server.off('request', first)
    server.on('request', (_req, res) => void res.end('second'))
    expect(await (await fetch(origin)).text()).toBe('second')
  })

  test('a contract in front of a function holds', async () => {
    const { policy } = watched({ accessControl: { roles: { keeper: ['a:keep'] }, identify: () => undefined } })
    const server = secure(http.createServer(secure({ allow: 'a:keep' }, (_req, res) => void res.end('kept'))), policy)
    expect((await fetch(await up(server))).status).toBe(401)
  })

  test('securityOf says how to use it when the server is not protected', async () => {
    let error: unknown
    const server = http.createServer((req, res) => {
      try {
        securityOf(req)
      } catch (caught) {
        error = caught
      }
      res.end()
    })
    await fetch(await up(server))
    expect(String(error)).toMatch(/BULWARK_ADAPTER_MISUSED[\s\S]*secure\(server\)/)
  })

  test('bytes that are no request get a problem document without a trace of the parser', async () => {
    const origin = await up(
      secure(
        http.createServer((_req, res) => void res.end()),
        watched().policy,
      ),
    )
    const text = await raw(origin, 'BLAH BLAH BLAH\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/)
  })

  test('an upgrade that nobody answers is refused and not left open', async () => {
    const origin = await up(
      secure(
        http.createServer((_req, res) => void res.end()),
        watched().policy,
      ),
    )
    const text = await raw(origin, 'GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1\.1 (426|200)/)
  })
})

describe('every policy', () => {
  const app = (policy: Policy) =>
    secure(
      http.createServer((_req, res) => void res.end('ok')),
      policy,
    )

  test('observe mode reports and lets pass', async () => {
    const { policy, events } = watched({ mode: 'observe' })
    const origin = await up(app(policy))
    const response = await fetch(origin, { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })
    expect(response.status).toBe(200)
    expect(events).toContainEqual(expect.objectContaining({ guard: 'csrf', outcome: 'observed' }))
  })

  test('one protection may observe while the others enforce', async () => {
    const { policy, events } = watched({ csrf: { mode: 'observe' } })
    const origin = await up(app(policy))
    expect((await fetch(origin, { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(200)
    expect(events.map(({ outcome }) => outcome)).toContain('observed')
  })

  test('a protection is turned off with a reason, and not without one', async () => {
    const origin = await up(app(watched({ csrf: off('the gateway does it') }).policy))
    expect((await fetch(origin, { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(200)
    expect(() => app({ csrf: off('') })).toThrow(/BULWARK_POLICY_INVALID[\s\S]*without a reason/)
  })

  test('a denial is a problem document with the incident of its event', async () => {
    const { policy, events } = watched()
    const origin = await up(app(policy))
    const response = await fetch(origin, { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })
    const { incident, ...rest } = (await response.json()) as Record<string, unknown>
    expect(rest).toEqual({ type: 'about:blank', title: 'Forbidden', status: 403 })
    expect(events).toContainEqual(
      expect.objectContaining({ guard: 'csrf', outcome: 'denied', request: expect.objectContaining({ id: incident }) }),
    )
  })

  test.each([
    ['deny', 503],
    ['allow', 200],
  ] as const)('when a guard breaks, onFailure: %s answers %i and there is an event', async (onFailure, status) => {
    const identify = (): never => {
      throw new Error('nobody knows')
    }
    const { policy, events } = watched({ onFailure, accessControl: { roles: { guest: ['a:view'] }, identify } })
    const origin = await up(
      secure(http.createServer(secure({ allow: 'a:view' }, (_req, res) => void res.end('ok'))), policy),
    )
    expect((await fetch(origin)).status).toBe(status)
    expect(events).toContainEqual(expect.objectContaining({ guard: 'access-control', outcome: 'failed' }))
  })

  test('every event of every policy is on the diagnostics channel', async () => {
    const seen: unknown[] = []
    const listener = (event: unknown): void => void seen.push(event)
    subscribe('bulwark:event', listener)
    const origin = await up(app(watched().policy))
    await fetch(origin, { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })
    unsubscribe('bulwark:event', listener)
    expect(seen).toContainEqual(expect.objectContaining({ guard: 'csrf', outcome: 'denied' }))
  })

  test('a misspelled key is refused with what was meant', () => {
    expect(() => app({ crsf: {} } as Policy)).toThrow(/no key "crsf"[\s\S]*did you mean "csrf"/)
  })

  test('a listener for events that throws does not decide what happens', async () => {
    const origin = await up(
      app({
        onEvent: () => {
          throw new Error('x')
        },
      }),
    )
    const response = await fetch(origin, { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })
    expect(response.status).toBe(403)
  })

  test('a forwarded address is ignored and reported once, with the fix, while the policy names no proxies', async () => {
    const { policy, events } = watched()
    const seen: string[] = []
    const server = secure(
      http.createServer((req, res) => {
        seen.push(securityOf(req).ip)
        res.end()
      }),
      policy,
    )
    const origin = await up(server)
    for (let i = 0; i < 2; i++) await fetch(origin, { headers: { 'x-forwarded-for': '198.51.100.1' } })
    expect(seen).toEqual(['127.0.0.1', '127.0.0.1'])
    const told = events.filter(({ guard }) => guard === 'proxies')
    expect(told).toHaveLength(1)
    expect(told[0]!.fix).toContain('proxies:')
  })

  test.each([
    ['one proxy', '198.51.100.1', '198.51.100.1'],
    ['what the client forged on the left', '6.6.6.6, 198.51.100.1', '198.51.100.1'],
    ['a chain of trusted proxies', '198.51.100.1, 127.0.0.9', '198.51.100.1'],
    ['an address that is none', 'six, 127.0.0.9', '127.0.0.9'],
  ])(
    'with proxies named, the client is the first untrusted hop from the right: %s',
    async (_what, header, expected) => {
      const seen: string[] = []
      const server = secure(
        http.createServer((req, res) => {
          seen.push(securityOf(req).ip)
          res.end()
        }),
        watched({ proxies: 'loopback' }).policy,
      )
      await fetch(await up(server), { headers: { 'x-forwarded-for': header } })
      expect(seen).toEqual([expected])
    },
  )
})

function raw(origin: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(origin).port), '127.0.0.1', () => socket.write(text))
    let all = ''
    socket.on('data', (chunk) => (all += chunk))
    socket.on('close', () => resolve(all))
    socket.on('error', reject)
    socket.setTimeout(3000, () => socket.destroy())
  })
}
