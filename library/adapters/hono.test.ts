import type { Server } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { SecurityEvent } from '../core/event.ts'
import type { Policy } from '../runtime/policy.ts'
import { type BulwarkVariables, bulwark, secure } from './hono.ts'

const closers: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of closers.splice(0)) await close()
})

/** Hono writes what a route throws to standard error, and node-server what goes wrong below it. */
function quiet() {
  return vi.spyOn(console, 'error').mockImplementation(() => {})
}

function watched(policy: Policy = {}): { policy: Policy; events: SecurityEvent[] } {
  const events: SecurityEvent[] = []
  return { policy: { onEvent: (event) => void events.push(event), ...policy }, events }
}

function serverOf(app: Hono): Server {
  return createAdaptorServer({ fetch: app.fetch }) as Server
}

async function up(what: Hono | Server): Promise<string> {
  const server = 'fetch' in what ? serverOf(what) : what
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

const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

const keeper: Policy = {
  accessControl: { roles: { guest: ['a:view'], keeper: ['a:keep'] }, identify: () => undefined },
}

describe('the one line', () => {
  test('covers a route, a path that nobody answers, and from the second request on what stands before it', async () => {
    const app = new Hono()
    app.get('/early', (c) => c.text('early'))
    app.use(bulwark(watched().policy))
    app.get('/', (c) => c.text('ok', 200, { 'X-Powered-By': 'secret/1.0' }))
    const origin = await up(app)
    for (const path of ['/', '/nowhere', '/early']) {
      const response = await fetch(origin + path)
      expect(response.headers.get('x-content-type-options'), path).toBe('nosniff')
      expect(response.headers.get('x-powered-by'), path).toBeNull()
    }
  })

  test('an unknown path gets a problem document, and the own answer of the app stays', async () => {
    const app = new Hono()
    app.use(bulwark(watched().policy))
    const response = await fetch(`${await up(app)}/x`)
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    const own = new Hono()
    own.use(bulwark(watched().policy))
    own.notFound((c) => c.text('mine', 404))
    expect(await (await fetch(`${await up(own)}/x`)).text()).toBe('mine')
  })

  test('c.var.security has the nonce that the page may use', async () => {
    const app = new Hono<{ Variables: BulwarkVariables }>()
    app.use(bulwark(watched().policy))
    app.get('/', (c) => c.html(`<p id="${c.var.security.nonce}" class="${c.get('security').id}">`))
    const page = await fetch(await up(app as unknown as Hono))
    expect(page.headers.get('content-security-policy')).toContain(/id="([^"]+)"/.exec(await page.text())?.[1])
  })

  test('body, query and a HEAD request stay what Hono makes of them', async () => {
    const app = new Hono()
    app.use(bulwark(watched().policy))
    app.post('/echo', async (c) => c.json({ body: await c.req.json(), query: c.req.query() }))
    app.get('/', (c) => c.text('four'))
    const origin = await up(app)
    const answer = await fetch(`${origin}/echo?a=1`, post({ b: [2, { c: 3 }] }))
    expect(await answer.json()).toEqual({ body: { b: [2, { c: 3 }] }, query: { a: '1' } })
    const head = await fetch(origin, { method: 'HEAD' })
    expect([head.status, head.headers.get('x-content-type-options')]).toEqual([200, 'nosniff'])
  })

  test('in a part of an app, what is below its path is protected', async () => {
    const part = new Hono()
    part.use(bulwark(watched().policy))
    part.get('/', (c) => c.text('ok'))
    const app = new Hono()
    app.route('/api', part)
    expect((await fetch(`${await up(app)}/api`)).headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('an answer that no route gave is an event, once for each path', async () => {
    const app = new Hono()
    const { policy, events } = watched()
    app.use(bulwark(policy))
    app.use('/plugged', async (c, next) => (c.req.query('on') === '1' ? next() : c.text('x')))
    const origin = await up(app)
    await fetch(`${origin}/plugged`)
    await fetch(`${origin}/plugged`)
    expect(events.filter(({ risk }) => risk === 'uncovered-route')).toHaveLength(1)
  })

  test('a request that did not come from a server of Node fails and reaches no route', async () => {
    quiet()
    const app = new Hono()
    let ran = false
    app.use(bulwark(watched().policy))
    app.get('/', (c) => {
      ran = true
      return c.text('x')
    })
    const errors: unknown[] = []
    app.onError((error, c) => {
      errors.push(error)
      return c.text('no', 500)
    })
    expect((await app.request('/')).status).toBe(500)
    expect([ran, String(errors[0])]).toEqual([
      false,
      expect.stringMatching(/BULWARK_ADAPTER_MISUSED[\s\S]*node-server/),
    ])
  })
})

describe('a refusal', () => {
  test('is the whole answer: the route does not run, and neither Hono nor node-server writes after it', async () => {
    const error = quiet()
    const app = new Hono()
    let ran = 0
    // Middleware outside of the line touches the response before and after it.
    app.use(cors({ origin: '*' }))
    app.use(async (c, next) => {
      await next()
      c.header('X-After', 'yes')
    })
    app.use(bulwark(watched().policy))
    app.use(async (_c, next) => {
      ran++
      await next()
    })
    const origin = await up(app)
    // The first request opens the exchange in Hono; every later one is refused before it reaches Hono.
    for (const _ of [1, 2]) {
      const response = await fetch(
        origin,
        post({}, { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' }),
      )
      expect(response.status).toBe(403)
      expect(Object.keys((await response.json()) as object).sort()).toEqual(['incident', 'status', 'title', 'type'])
    }
    expect([ran, error.mock.calls]).toEqual([0, []])
  })

  test('by a contract leaves the connection fit for the next request', async () => {
    const error = quiet()
    const app = new Hono()
    app.use(bulwark(watched(keeper).policy))
    app.get('/keep', secure({ allow: 'a:keep' }), (c) => c.text('kept'))
    app.get('/view', secure({ allow: 'a:view' }), (c) => c.text('viewed'))
    const origin = await up(app)
    const both = await raw(
      origin,
      'HEAD /keep HTTP/1.1\r\nHost: x\r\n\r\nGET /keep HTTP/1.1\r\nHost: x\r\n\r\nGET /view HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    )
    expect(both.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 401', 'HTTP/1.1 200'])
    expect(both).toMatch(/viewed$/)
    expect(error.mock.calls).toEqual([])
  })

  test('of a body while the route waits for it comes through, and the route never has the whole of it', async () => {
    quiet()
    const app = new Hono()
    const got: unknown[] = []
    app.use(bulwark(watched({ bodyLimits: { depth: 4 } }).policy))
    app.post('/', async (c) => {
      got.push(await c.req.json())
      return c.text('done')
    })
    const origin = await up(app)
    const response = await fetch(origin, post([[[[[[[[1]]]]]]]]))
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/problem+json'])
    expect(got).toEqual([])
  })
})

describe('errors', () => {
  test('what a route throws, whatever it is, becomes a problem document that says nothing', async () => {
    const error = quiet()
    const app = new Hono()
    const { policy, events } = watched()
    app.use(bulwark(policy))
    app.get('/now', () => {
      throw new Error('secret')
    })
    app.get('/later', async () => {
      await Promise.resolve()
      throw new TypeError('secret')
    })
    app.get('/odd', () => {
      throw 'secret'
    })
    app.get('/http', () => {
      throw new HTTPException(422, { message: 'secret' })
    })
    app.get('/nothing', (() => undefined) as never)
    const origin = await up(app)
    const statuses = []
    for (const path of ['/now', '/later', '/odd', '/http', '/nothing']) {
      const response = await fetch(origin + path)
      statuses.push(response.status)
      const text = await response.text()
      expect(Object.keys(JSON.parse(text) as object).sort(), path).toEqual(['incident', 'status', 'title', 'type'])
      expect(text).not.toContain('secret')
      const { incident, status } = JSON.parse(text) as { incident: string; status: number }
      if (status < 500) continue
      expect(
        events.some((event) => event.request?.id === incident && event.error !== undefined),
        path,
      ).toBe(true)
    }
    expect(statuses).toEqual([500, 500, 500, 422, 500])
    // Hono has written what failed; node-server has not tried to answer a second time.
    expect(error.mock.calls.filter(([what]) => (what as { code?: string }).code !== undefined)).toEqual([])
  })

  test("the app's own error function has the first word, also that of a part", async () => {
    const app = new Hono()
    app.use(bulwark(watched().policy))
    const fails = () => {
      throw new Error('x')
    }
    const part = new Hono()
    part.onError((_error, c) => c.text('of the part', 500))
    part.get('/', fails)
    app.route('/part', part)
    app.get('/', fails)
    app.onError((_error, c) => c.json({ mine: true }, 500))
    const origin = await up(app)
    expect(await (await fetch(origin)).text()).toBe('{"mine":true}')
    expect(await (await fetch(`${origin}/part`)).text()).toBe('of the part')
  })

  test('an exception that brings its own response is an answer', async () => {
    const app = new Hono()
    app.use(bulwark(watched().policy))
    app.get('/', basicAuth({ username: 'a', password: 'b' }), (c) => c.text('x'))
    app.get('/empty', () => {
      throw new HTTPException(409, { res: new Response(null, { headers: { 'x-why': 'taken' } }) })
    })
    const origin = await up(app)
    const response = await fetch(origin)
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="Secure Area"'])
    const empty = await fetch(`${origin}/empty`)
    expect([empty.status, empty.headers.get('x-why')]).toEqual([409, 'taken'])
  })
})

describe('secure(server, plug)', () => {
  test('asks the contract of a route about a WebSocket, and refuses one of another site before Hono hears of it', async () => {
    const app = new Hono()
    const plug = bulwark(watched(keeper).policy)
    const asked: string[] = []
    app.use(plug)
    app.get('/keep', secure({ allow: 'a:keep' }), (c) => {
      asked.push('keep')
      return c.body(null)
    })
    app.get('/view', secure({ allow: 'a:view' }), (c) => {
      asked.push('view')
      return c.body(null)
    })
    // Stands for the server of the package ws, and accepts nothing.
    const sockets = { options: { noServer: true }, on() {}, off() {}, close() {} }
    const server = createAdaptorServer({ fetch: app.fetch, websocket: { server: sockets as never } })
    const origin = await up(secure(server, plug) as Server)
    const upgrade = (path: string, site: string) =>
      raw(
        origin,
        `GET ${path} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nOrigin: ${site}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      )
    expect(await upgrade('/view', 'https://elsewhere.example')).toMatch(/^HTTP\/1\.1 403 [\s\S]*problem\+json/)
    expect(await upgrade('/keep', origin)).toMatch(/^HTTP\/1\.1 401 [\s\S]*problem\+json/)
    expect(asked).toEqual([])
    await upgrade('/view', origin)
    expect(asked).toEqual(['view'])
  })

  test('is not needed for what comes through the line: a first request may be a WebSocket', async () => {
    const app = new Hono()
    app.use(bulwark(watched(keeper).policy))
    app.get('/keep', secure({ allow: 'a:keep' }), (c) => c.body(null))
    const sockets = { options: { noServer: true }, on() {}, off() {}, close() {} }
    const server = createAdaptorServer({ fetch: app.fetch, websocket: { server: sockets as never } })
    const origin = await up(server as Server)
    const head = `GET /keep HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
    expect(await raw(origin, `${head}\r\n`)).toMatch(/^HTTP\/1\.1 401 [\s\S]*problem\+json/)
  })

  test('refuses the body of an early route too, and the process lives', async () => {
    quiet()
    const app = new Hono()
    const plug = bulwark(watched({ bodyLimits: { depth: 4 } }).policy)
    app.post('/early', async (c) => c.json((await c.req.json()) as object))
    app.use(plug)
    const origin = await up(secure(serverOf(app), plug))
    const response = await fetch(`${origin}/early`, post([[[[[[[[1]]]]]]]]))
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/problem+json'])
    expect(await (await fetch(`${origin}/early`, post([1]))).text()).toBe('[1]')
  })

  test('covers the first request, whichever it is, and what is no request at all', async () => {
    const app = new Hono()
    const plug = bulwark(watched(keeper).policy)
    app.get('/early', (c) => c.text('early'))
    app.get('/kept', secure({ allow: 'a:keep' }), (c) => c.text('kept'))
    app.use(plug)
    const origin = await up(secure(serverOf(app), plug))
    expect(await raw(origin, 'BLAH BLAH BLAH\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/,
    )
    expect((await fetch(`${origin}/early`)).headers.get('x-content-type-options')).toBe('nosniff')
    expect((await fetch(`${origin}/kept`)).status).toBe(401)
  })

  test('needs the plug of the app', () => {
    const server = serverOf(new Hono())
    expect(() => secure(server, (async () => {}) as never)).toThrow(/BULWARK_ADAPTER_MISUSED[\s\S]*app\.use\(plug\)/)
  })
})

function raw(origin: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    const { port } = new URL(origin)
    const socket = net.connect(Number(port), '127.0.0.1', () => socket.write(text))
    let got = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => (got += chunk))
    socket.on('close', () => resolve(got))
  })
}
