import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type ClientHttp2Session,
  connect,
  constants,
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { getRequestListener } from '@hono/node-server'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { bulwark as fastifyPlug } from '../adapters/fastify.ts'
import { bulwark as honoPlug } from '../adapters/hono.ts'
import { secure, securityOf } from '../adapters/node.ts'
import type { SecurityEvent } from '../core/event.ts'
import { type Authority, type Leaf, makeAuthority, modernHttp2 } from '../transport/index.ts'
import { exchangeOf } from './baseline.ts'
import type { Policy } from './policy.ts'

let authority: Authority
let leaf: Leaf
const closing: (() => unknown)[] = []
beforeAll(async () => {
  authority = await makeAuthority()
  leaf = await authority.issue(['localhost', '127.0.0.1'])
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Served {
  readonly port: number
  readonly events: SecurityEvent[]
  /** How many requests came to the app. */
  readonly calls: { count: number }
  /** How many bodies it had to the end. */
  readonly ended: { count: number }
}
type Serve = (policy?: Policy) => Promise<Served>

async function reach(server: Http2SecureServer): Promise<number> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

const PAGE = '<!doctype html><title>a page</title>'

const onNode: Serve = async (policy = {}) => {
  const [events, calls, ended]: [SecurityEvent[], { count: number }, { count: number }] = [
    [],
    { count: 0 },
    { count: 0 },
  ]
  const app = (req: IncomingMessage, res: ServerResponse): void => {
    calls.count++
    if (req.url === '/throws') throw new Error('a secret')
    if (req.url === '/away') {
      res.writeHead(302, { Location: 'https://evil.example/' }).end()
      return
    }
    if (req.url === '/head') {
      res.writeHead(200, 'Fine', ['Content-Type', 'text/html', 'X-Powered-By', 'PHP']).end(PAGE)
      return
    }
    if (req.url === '/waits') return
    if (req.method === 'POST') {
      let size = 0
      req.on('data', (chunk: Buffer) => {
        size += chunk.length
      })
      req.on('end', () => {
        ended.count++
        res.setHeader('Content-Type', 'application/json')
        res.end(JSON.stringify({ size, host: req.headers.host }))
      })
      return
    }
    res.setHeader('Content-Type', 'text/html; charset=utf-8')
    res.end(`${PAGE}${securityOf(req).nonce}`)
  }
  const server = createSecureServer({ ...modernHttp2(leaf) }, app as never)
  secure(server, { ...policy, onEvent: (event) => void events.push(event) })
  return { port: await reach(server), events, calls, ended }
}

const onFastify: Serve = async (policy = {}) => {
  const [events, calls, ended]: [SecurityEvent[], { count: number }, { count: number }] = [
    [],
    { count: 0 },
    { count: 0 },
  ]
  const app = fastify({ http2: true, https: modernHttp2(leaf), bodyLimit: 50_000_000 })
  await app.register(fastifyPlug({ ...policy, onEvent: (event) => void events.push(event) }) as never)
  app.addHook('onRequest', async () => void calls.count++)
  app.get('/throws', () => {
    throw new Error('a secret')
  })
  app.get('/away', (_, reply) => reply.redirect('https://evil.example/'))
  app.get('/head', (_, reply) => reply.type('text/html').header('X-Powered-By', 'PHP').send(PAGE))
  app.get('/waits', () => new Promise(() => undefined))
  app.get('/', (_, reply) => reply.type('text/html').send(PAGE))
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body))
  app.post('/', async (req) => {
    ended.count++
    return { size: String(req.body).length, host: req.host }
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  closing.push(() => app.close())
  return { port: (app.server.address() as AddressInfo).port, events, calls, ended }
}

const onHono: Serve = async (policy = {}) => {
  const [events, calls, ended]: [SecurityEvent[], { count: number }, { count: number }] = [
    [],
    { count: 0 },
    { count: 0 },
  ]
  const app = new Hono()
  app.use(honoPlug({ ...policy, onEvent: (event) => void events.push(event) }) as never)
  app.use(async (_, next) => {
    calls.count++
    await next()
  })
  app.get('/throws', () => {
    throw new Error('a secret')
  })
  app.get('/away', (c) => c.redirect('https://evil.example/'))
  app.get('/head', (c) => c.html(PAGE, 200, { 'X-Powered-By': 'PHP' }))
  app.get('/waits', () => new Promise(() => undefined))
  app.get('/', (c) => c.html(PAGE))
  app.post('/', async (c) => {
    const { length: size } = await c.req.text()
    ended.count++
    return c.json({ size, host: new URL(c.req.url).host })
  })
  const server = createSecureServer(modernHttp2(leaf), getRequestListener(app.fetch) as never)
  return { port: await reach(server), events, calls, ended }
}

function client(port: number): ClientHttp2Session {
  const session = connect(`https://localhost:${port}`, { ca: authority.cert })
  session.on('error', () => undefined)
  closing.push(() => session.destroy())
  return session
}

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** How the stream ended. */
  readonly code: number
}

function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: readonly Buffer[]): Promise<Answer> {
  return new Promise((resolve) => {
    const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined })
    let [text, got]: [string, IncomingHttpHeaders] = ['', {}]
    stream.on('response', (sent) => {
      got = sent
    })
    stream.on('data', (chunk: Buffer) => {
      text += chunk
    })
    stream.on('error', () => undefined)
    stream.on('close', () =>
      resolve({ status: got[':status'] as number | undefined, headers: got, text, code: stream.rstCode ?? -1 }),
    )
    for (const chunk of body ?? []) stream.write(chunk)
    if (body !== undefined) stream.end()
  })
}

const [DATA, HEADERS, RST_STREAM, SETTINGS, CONTINUATION] = [0, 1, 3, 4, 9]
const [END_STREAM, END_HEADERS] = [1, 4]

/** A client that keeps to no rules but those of the frames themselves. */
async function rawClient(port: number) {
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: authority.cert,
    ALPNProtocols: ['h2'],
  })
  const frames: number[] = []
  let rest: Buffer = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (
      let size = 0;
      rest.length >= 9 && rest.length >= (size = 9 + rest.readUIntBE(0, 3));
      rest = rest.subarray(size)
    ) {
      frames.push(rest[3] ?? -1)
    }
  })
  const ended = once(socket, 'close')
  await once(socket, 'secureConnect')
  closing.push(() => socket.destroy())
  const send = (type: number, flags: number, id: number, payload: Buffer): void => {
    const head = Buffer.alloc(9)
    head.writeUIntBE(payload.length, 0, 3)
    head.set([type, flags], 3)
    head.writeUInt32BE(id, 5)
    if (socket.writable) socket.write(Buffer.concat([head, payload]))
  }
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  send(SETTINGS, 0, 0, Buffer.alloc(0))
  return { socket, frames, ended, send }
}

/** RFC 7541: :method (0x82 is GET, 0x83 POST) and :scheme https stand in the table, the rest is written out. */
function headOf(path: string, port: number, method = 0x82): Buffer {
  const text = (index: number, value: string) => Buffer.concat([Buffer.from([index, value.length]), Buffer.from(value)])
  return Buffer.concat([Buffer.from([method, 0x87]), text(4, path), text(1, `localhost:${port}`)])
}

function literal(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ])
}

describe.each([
  { name: 'node:http2', serve: onNode },
  { name: 'Fastify', serve: onFastify },
  { name: 'Hono', serve: onHono },
])('over HTTP/2, served by $name', ({ serve }) => {
  test('a page has its headers, whoever writes its head, and nothing tells what made it', async () => {
    const { port } = await serve()
    const session = client(port)
    for (const path of ['/', '/head']) {
      const { status, headers } = await ask(session, { ':path': path })
      expect(status).toBe(200)
      expect(headers['content-security-policy'], path).toMatch(/script-src 'self'/)
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' })
      expect(headers['x-powered-by']).toBeUndefined()
    }
    const { status, headers } = await ask(session, { ':path': '/nothing', ':method': 'HEAD' })
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' })
    expect([200, 404]).toContain(status)
  })

  test('a form of another site is refused, and one of the same is not', async () => {
    const { port, calls } = await serve()
    const session = client(port)
    const form = { ':method': 'POST', 'content-type': 'application/x-www-form-urlencoded' }
    const post = (headers: OutgoingHttpHeaders) => ask(session, { ...form, ...headers }, [Buffer.from('a=b')])
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403)
    const before = calls.count
    const own = await post({ origin: `https://localhost:${port}`, 'sec-fetch-site': 'same-origin' })
    expect(own.status).toBe(200)
    expect(JSON.parse(own.text)).toEqual({ size: 3, host: `localhost:${port}` })
    expect(calls.count).toBe(before + 1)
  })

  test('a body that says nothing of its length is refused once it is too long, and other requests go on', async () => {
    const { port } = await serve({ bodyLimits: { text: '10kb' } })
    const session = client(port)
    const about = { ':method': 'POST', 'content-type': 'text/plain' }
    const bodies = [Buffer.alloc(8000, 97), Buffer.alloc(8000, 97), Buffer.alloc(8000, 97)]
    const waiting = ask(session, { ':method': 'POST', 'content-type': 'text/plain' }, [Buffer.from('small')])
    const answer = await ask(session, about, bodies)
    expect(answer.status).toBe(413)
    expect(JSON.parse(answer.text)).toMatchObject({ status: 413 })
    expect(await waiting).toMatchObject({ status: 200 })
    expect(session.destroyed).toBe(false)
  })

  test('requests beyond the limit are refused, however many come at once', async () => {
    const { port, calls } = await serve({ rateLimit: { global: '20/min' } } as Policy)
    const session = client(port)
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(session, {})))
    expect(answers.filter(({ status }) => status === 200).length).toBe(20)
    expect(answers.filter(({ status }) => status === 429).length).toBe(40)
    expect(answers.find(({ status }) => status === 429)?.headers['retry-after']).toMatch(/^\d+$/)
    expect(calls.count).toBe(20)
  })

  test('the host is what :authority says, and two that differ are refused', async () => {
    const { port, calls } = await serve({ origins: ['https://app.bulwark.test'] } as Policy)
    const session = client(port)
    const named = (headers: OutgoingHttpHeaders) => ask(session, headers).then(({ status }) => status)
    expect(await named({ ':authority': 'app.bulwark.test' })).toBe(200)
    const before = calls.count
    for (const wrong of [
      { ':authority': 'evil.example' },
      { ':authority': 'app.bulwark.test', host: 'evil.example' },
      { ':authority': 'evil.example', host: 'app.bulwark.test' },
    ]) {
      const status = await named(wrong)
      expect([400, 421], JSON.stringify(wrong)).toContain(status)
    }
    expect(calls.count).toBe(before)
  })

  test('a failure tells nothing, a redirect to another site is stopped, and the server lives', async () => {
    const { port } = await serve()
    const session = client(port)
    const failed = await ask(session, { ':path': '/throws' })
    expect(failed.status).toBe(500)
    expect(failed.text).not.toContain('secret')
    expect(JSON.parse(failed.text)).toMatchObject({ status: 500 })
    const away = await ask(session, { ':path': '/away?to=https://evil.example/' })
    expect(away.status).not.toBe(302)
    expect((await ask(session, {})).status).toBe(200)
  })

  test('requests that are taken back at once cost the app no more than the limit, and the connection ends', async () => {
    const { port, calls, events } = await serve()
    const attacker = await rawClient(port)
    const start = performance.now()
    for (let id = 1; id < 2000 && attacker.socket.writable; id += 2) {
      attacker.send(HEADERS, END_HEADERS | END_STREAM, id, headOf('/waits', port))
      attacker.send(RST_STREAM, 0, id, Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]))
      if (id % 101 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await attacker.ended
    expect(calls.count).toBeGreaterThan(0)
    // A busy machine takes seconds for this, and each of them allows 33 more.
    expect(calls.count).toBeLessThanOrEqual(310 + 33 * Math.ceil((performance.now() - start) / 1000))
    expect(events.some(({ guard, reason }) => guard === 'runtime' && /taken back/.test(reason))).toBe(true)
    expect((await ask(client(port), {})).status).toBeDefined()
  })

  test('half of a body is never a whole one, whatever the client says when it takes it back', async () => {
    const { port, calls, ended } = await serve()
    for (const code of [constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL]) {
      const attacker = await rawClient(port)
      const head = Buffer.concat([headOf('/', port, 0x83), literal('content-type', 'text/plain')])
      attacker.send(HEADERS, END_HEADERS, 1, head)
      attacker.send(DATA, 0, 1, Buffer.from('amount=1'))
      await new Promise((resolve) => setTimeout(resolve, 50))
      attacker.send(RST_STREAM, 0, 1, Buffer.from([0, 0, 0, code]))
      await new Promise((resolve) => setTimeout(resolve, 50))
      attacker.socket.destroy()
    }
    expect(calls.count).toBe(2)
    expect(ended.count).toBe(0)
    await ask(client(port), { ':method': 'POST', 'content-type': 'text/plain' }, [Buffer.from('amount=100')])
    expect(ended.count).toBe(1)
  })

  test('one connection opens a hundred requests at a time and no more', async () => {
    const { port, calls } = await serve()
    const attacker = await rawClient(port)
    for (let id = 1; id < 400; id += 2) attacker.send(HEADERS, END_HEADERS | END_STREAM, id, headOf('/waits', port))
    await expect.poll(() => attacker.frames.filter((type) => type === RST_STREAM).length).toBe(100)
    expect(calls.count).toBe(100)
    attacker.socket.destroy()
  })

  test('a head in pieces without end ends the connection, and what it holds is little', async () => {
    const { port, calls } = await serve()
    const attacker = await rawClient(port)
    attacker.send(HEADERS, END_STREAM, 1, headOf('/', port))
    const piece = Buffer.concat(Array.from({ length: 8 }, (_, i) => literal(`x-${i}`, 'a'.repeat(100))))
    let sent = 0
    while (attacker.socket.writable && sent < 5000) {
      attacker.send(CONTINUATION, 0, 1, piece)
      if (++sent % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await attacker.ended
    expect(sent * piece.length).toBeLessThan(2_000_000)
    expect(calls.count).toBe(0)
    expect((await ask(client(port), {})).status).toBe(200)
  })
})

describe('over HTTP/2', () => {
  test('clients of HTTP/1.1 are answered by the same server and the same guards', async () => {
    const { port } = await onNode()
    const req = request({
      host: '127.0.0.1',
      port,
      ca: authority.cert,
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    req.end('a=b')
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    res.resume()
    expect([res.httpVersion, res.statusCode]).toEqual(['1.1', 403])
  })

  test('a body that comes too slowly ends its own stream, and an idle connection that says nothing is closed', async () => {
    const { port, calls } = await onNode({ slowClients: { head: '1s', body: '1s', minRate: '1kb' } } as Policy)
    const session = client(port)
    const slow = session.request(
      { ':method': 'POST', ':path': '/', 'content-type': 'text/plain' },
      { endStream: false },
    )
    slow.on('error', () => undefined)
    slow.write('a')
    const [sent] = (await once(slow, 'response')) as [IncomingHttpHeaders]
    expect(sent[':status']).toBe(408)
    expect(session.destroyed).toBe(false)
    expect((await ask(session, {})).status).toBe(200)
    expect(calls.count).toBe(2)
    const silent = client(port)
    await once(silent, 'close')
    // Between requests nothing is due: the first one is still there.
    expect((await ask(session, {})).status).toBe(200)
  }, 15_000)

  test('a body that a guard waits for, or takes, arrives whole', async () => {
    const app = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      const x = exchangeOf(req)
      if (req.url === '/start') await x?.bodyStart()
      const parts = req.url === '/take' ? x?.takeBody() : req
      let size = 0
      for await (const part of parts ?? []) size += (part as Buffer).length
      res.end(String(size))
    }
    const server = createSecureServer({ ...modernHttp2(leaf) }, app as never)
    secure(server, { bodyLimits: { text: '10mb' } })
    const session = client(await reach(server))
    for (const path of ['/start', '/take']) {
      for (const size of [3, 1000, 300_000]) {
        const about = { ':method': 'POST', ':path': path, 'content-type': 'text/plain' }
        expect((await ask(session, about, [Buffer.alloc(size, 97)])).text, path).toBe(String(size))
      }
    }
  })

  test('a server that says nothing of it has bounds all the same, and one that does keeps its own', async () => {
    const bounds = async (settings: object | undefined): Promise<number | undefined> => {
      const { key, cert } = leaf
      const server = createSecureServer({ key, cert, ...(settings && { settings }) }, (_, res) => void res.end())
      secure(server)
      const session = client(await reach(server))
      await once(session, 'remoteSettings')
      await ask(session, {})
      return session.remoteSettings.maxConcurrentStreams
    }
    expect([await bounds(undefined), await bounds({ maxConcurrentStreams: 7 })]).toEqual([100, 7])
  })

  test('a tunnel is refused, and bare streams are told of', async () => {
    const { port } = await onNode()
    const session = client(port)
    const tunnel = session.request({ ':method': 'CONNECT', ':authority': 'intranet:22' })
    tunnel.on('error', () => undefined)
    const [sent] = (await once(tunnel, 'response')) as [IncomingHttpHeaders]
    expect(sent[':status']).toBeGreaterThanOrEqual(400)
    const events: SecurityEvent[] = []
    const server = createSecureServer(modernHttp2(leaf))
    secure(server, { onEvent: (event) => void events.push(event) })
    server.on('request', (_, res) => void res.end())
    await new Promise((resolve) => setImmediate(resolve))
    expect(events).toEqual([])
    server.on('stream', (stream) => stream.respond())
    await new Promise((resolve) => setImmediate(resolve))
    expect(events).toMatchObject([{ outcome: 'reported', reason: expect.stringContaining("'stream'") }])
  })
})
