import http, { type Server } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { secure, securityOf } from '../adapters/node.ts'
import type { SecurityEvent } from '../core/event.ts'
import { exchangeOf } from './baseline.ts'
import { outHeadersOf } from './out-headers.ts'
import type { Policy } from './policy.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function up(listener: http.RequestListener, policy: Policy, at: number | string = 0): Promise<Server> {
  const server = secure(http.createServer(listener), policy)
  await new Promise<void>((done) =>
    typeof at === 'string' ? server.listen(at, done) : server.listen(at, '127.0.0.1', done),
  )
  closers.push(
    () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  )
  return server
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

/** Writes the parts on one socket, with a pause after each, and answers all that comes back. */
function talk(port: number, parts: readonly string[], pause = 5): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', async () => {
      for (const part of parts) {
        if (socket.destroyed) return
        socket.write(part)
        await new Promise((done) => setTimeout(done, pause))
      }
    })
    let all = ''
    socket.setNoDelay(true)
    socket.on('data', (chunk) => (all += chunk))
    socket.on('close', () => resolve(all))
    socket.on('error', reject)
    socket.setTimeout(4000, () => socket.destroy())
  })
}

const read: http.RequestListener = (req, res) => {
  let text = ''
  req.on('data', (chunk) => (text += chunk))
  req.on('end', () => res.end(`read ${text.length}`))
}

test('a body that comes byte by byte is kept in few pieces', async () => {
  let pieces = 0
  let kept = ''
  const server = await up(
    (req, res) => {
      req.resume()
      req.on('end', () => {
        const x = exchangeOf(req)!
        pieces = x.bodySoFar.length
        kept = Buffer.concat(x.bodySoFar).toString()
        res.end()
      })
    },
    { onEvent: () => {} },
  )
  const text = JSON.stringify({ a: 'x'.repeat(500) })
  const chunks = [...text].map((byte) => `1\r\n${byte}\r\n`).join('')
  await talk(portOf(server), [
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
  ])
  expect(kept).toBe(text)
  expect(pieces).toBeLessThanOrEqual(65)
})

test('no parser gets the whole of a refused body, and the refusal arrives', async () => {
  let ended = false
  const server = await up(
    (req, res) => {
      req.on('data', () => {})
      req.on('end', () => {
        ended = true
        res.end('read')
      })
    },
    { onEvent: () => {} },
  )
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 30000\r\n\r\n'
  const answer = await talk(portOf(server), [head, '"', 'x'.repeat(15_000), 'x'.repeat(14_998), '"'])
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toMatch(/Connection: close/i)
  expect(ended).toBe(false)
})

test('the next request on the connection is read after a body that was judged', async () => {
  const server = await up(read, { onEvent: () => {} })
  const one = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
  const answer = await talk(portOf(server), [one + one, one, one.replace('Host', 'Connection: close\r\nHost')])
  expect(answer.match(/read 2/g)).toHaveLength(4)
})

test('a client behind a Unix socket is this machine, and may be a trusted proxy', async () => {
  const path = join(tmpdir(), `bulwark-${process.pid}.sock`)
  const seen: string[] = []
  await up(
    (req, res) => {
      seen.push(securityOf(req).ip)
      res.end()
    },
    { proxies: 'loopback', onEvent: () => {} },
    path,
  )
  await new Promise<void>((done, fail) => {
    http
      .get({ socketPath: path, path: '/', headers: { 'x-forwarded-for': '198.51.100.1' } }, (res) => {
        res.resume()
        res.on('end', done)
      })
      .on('error', fail)
  })
  expect(seen).toEqual(['198.51.100.1'])
})

test('an address block of everything is no proxy', () => {
  expect(() => secure(http.createServer(), { proxies: ['0.0.0.0/0'] })).toThrow(/BULWARK_PROXY_INVALID/)
})

test('the app may write the head in every form that Node knows, and guards see it', async () => {
  const server = await up(
    (req, res) => {
      if (req.url === '/object') res.writeHead(200, { 'X-Powered-By': 'x', 'X-Own': '1' })
      if (req.url === '/reason') res.writeHead(200, 'Fine', { 'X-Powered-By': 'x', 'X-Own': '1' })
      if (req.url === '/pairs')
        res.writeHead(200, ['X-Powered-By', 'x', 'X-Own', '1', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
      res.write('a')
      res.end('b')
    },
    { onEvent: () => {} },
  )
  for (const path of ['/object', '/reason', '/pairs']) {
    const response = await fetch(`http://127.0.0.1:${portOf(server)}${path}`)
    expect(response.headers.get('x-own'), path).toBe('1')
    expect(response.headers.get('x-powered-by'), path).toBeNull()
    expect(response.headers.get('x-content-type-options'), path).toBe('nosniff')
    expect(await response.text(), path).toBe('ab')
    if (path === '/pairs') expect(response.headers.getSetCookie()).toHaveLength(2)
  }
})

test('a guard of the response that refuses a redirect replaces all of it', async () => {
  const events: SecurityEvent[] = []
  const server = await up(
    (req, res) => {
      res.writeHead(302, { Location: new URL(req.url ?? '/', 'http://a').searchParams.get('to') ?? '/' })
      res.write('going ')
      res.end('away')
    },
    { onEvent: (event) => void events.push(event) },
  )
  const origin = `http://127.0.0.1:${portOf(server)}`
  const refused = await fetch(`${origin}/?to=https://evil.example/`, { redirect: 'manual' })
  expect([refused.status, refused.headers.get('location')]).toEqual([400, null])
  expect(await refused.text()).toMatch(
    /^\{"type":"about:blank","title":"Bad Request","status":400,"incident":"[0-9a-f]{16}"\}$/,
  )
  expect(events).toContainEqual(expect.objectContaining({ guard: 'open-redirect', outcome: 'denied' }))
  const home = await fetch(`${origin}/?to=/home`, { redirect: 'manual' })
  expect([home.status, home.headers.get('location')]).toEqual([302, '/home'])
})

test.each(['now', 'later'])('an upgrade whose listener fails %s is refused, and the server lives', async (when) => {
  const events: SecurityEvent[] = []
  const server = await up((_req, res) => void res.end('ok'), { onEvent: (event) => void events.push(event) })
  server.on('upgrade', (): unknown => {
    if (when === 'now') throw new Error('secret')
    return Promise.reject(new Error('secret'))
  })
  const answer = await talk(portOf(server), [
    'GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ])
  expect(answer).toMatch(/^HTTP\/1\.1 500 /)
  expect(answer).not.toContain('secret')
  expect(events.some(({ error }) => error instanceof Error)).toBe(true)
  expect(await (await fetch(`http://127.0.0.1:${portOf(server)}/`)).text()).toBe('ok')
})

test('on this Node the headers of a response are found where Node keeps them', () => {
  const res = new http.ServerResponse(new http.IncomingMessage(new net.Socket()))
  expect(outHeadersOf(res)).toBeUndefined()
  res.setHeader('X-Own', ['a', 'b'])
  expect(outHeadersOf(res)).toEqual({ 'x-own': ['X-Own', ['a', 'b']] })
})

test('a header value that would begin another line is refused when the app starts', () => {
  const referrerPolicy = 'no-referrer\r\nSet-Cookie: a=b'
  expect(() => secure(http.createServer(), { headers: { referrerPolicy } })).toThrow(/BULWARK_HEADER_INVALID/)
})
