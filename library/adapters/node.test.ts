import http, { createServer, type RequestListener, type Server } from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Contract } from '../core/contract.ts'
import type { SecurityEvent } from '../core/event.ts'
import { off } from '../core/policy.ts'
import { route, secure, securityOf } from './node.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function up(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

function ask(port: number, path: string, method = 'GET', headers: http.OutgoingHttpHeaders = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(`${response.statusCode} ${response.statusCode === 200 ? text : ''}`.trim()))
    })
    request.on('error', reject).end()
  })
}

const quiet = { onEvent: () => {} }
const crossSite = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }
const says =
  (text: string): RequestListener =>
  (_req, res) =>
    void res.end(text)

describe('what a plain listener cannot declare in time keeps the app from starting, with its place', () => {
  const unplaced: readonly (readonly [string, Contract])[] = [
    ['access-tokens', { token: off('why not') }],
    ['cors', { cors: { allow: ['https://partner.example'] } }],
    ['csrf', { csrf: off('signed') }],
    ['deserialization', { deserialization: off('only shown') }],
    ['host-header', { hostHeader: off('asked by address') }],
    ['mass-assignment', { mayAssign: ['role'] }],
    ['overload', { overload: 'serve' }],
    ['path-firewall', { path: { encodedSlash: true } }],
    ['prototype-pollution', { prototypePollution: off('a manual') }],
    ['transport', { transport: off('asked in the clear') }],
  ]
  test.each(unplaced)('%s: %j', (name, contract) => {
    expect(() => secure(contract as never, says('never'))).toThrow(
      expect.objectContaining({
        code: 'BULWARK_ROUTE_UNPLACED',
        message: expect.stringContaining(name),
        at: expect.stringMatching(/^secure\(\) \(library\/adapters\/node\.test\.ts:\d+\)$/),
        fix: expect.stringContaining('route('),
      }) as Error,
    )
  })
})

describe('a route of a plain server', () => {
  const served = (places: readonly string[]): Promise<number> =>
    up(
      secure(
        createServer(says('the app')),
        quiet,
        places.map((place) => route(place, {}, (req, res) => void res.end(`${place} ${req.method}`))),
      ),
    )

  test('is called for its method and path, and everything else comes to the app', async () => {
    const port = await served(['POST /hook', '/all', 'GET /people/:id', 'GET /people/new', '/files/*'])
    expect(await ask(port, '/hook', 'POST')).toBe('200 POST /hook POST')
    expect(await ask(port, '/hook?a=b', 'POST')).toBe('200 POST /hook POST')
    for (const path of ['/hook', '/hook/', '/HOOK', '/hook/x', '/people/7/x', '/people/', '/allx', '/files']) {
      expect(await ask(port, path, path === '/hook' ? 'GET' : 'POST'), path).toBe('200 the app')
    }
    expect(await ask(port, '/all', 'DELETE')).toBe('200 /all DELETE')
    expect(await ask(port, '/people/7')).toBe('200 GET /people/:id GET')
    expect(await ask(port, '/people/7', 'HEAD')).toBe('200')
    expect(await ask(port, '/people/new')).toBe('200 GET /people/new GET')
    expect(await ask(port, '/files/a/b')).toBe('200 /files/* GET')
  })

  test('has the named parts of its path, checked by its schema', async () => {
    const params = z.object({ id: z.number() })
    const port = await up(
      secure(createServer(says('the app')), quiet, [
        route('/people/:id', { params }, (req, res) => {
          const id: number = securityOf(req).input.params.id
          res.end(String(id + 1))
        }),
      ]),
    )
    expect(await ask(port, '/people/7')).toBe('200 8')
    expect(await ask(port, '/people/x')).toBe('400')
  })

  test('over HTTP/2 has what it declares, and nothing else has', async () => {
    const server = http2.createServer(says('the app') as never)
    secure(server, quiet, [route('POST /hook', { csrf: off('signed') }, (_req, res) => void res.end('hook'))])
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    closers.push(() => {
      client.close()
      server.close()
    })
    const status = (path: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const stream = client.request({ ':path': path, ':method': 'POST', ...crossSite })
        stream.on('response', (headers) => resolve(headers[':status']))
        stream.on('error', reject).resume().end()
      })
    expect([await status('/hook'), await status('/other')]).toEqual([200, 403])
  })

  test('may be handed to a server that listens already, as listen() of the transport answers one', async () => {
    const server = createServer(says('the app'))
    const port = await up(server)
    secure(server, quiet, [route('POST /hook', { csrf: off('signed') }, says('hook'))])
    expect(await ask(port, '/hook', 'POST', crossSite)).toBe('200 hook')
    expect(await ask(port, '/other', 'POST', crossSite)).toBe('403')
  })

  test('is checked when the app starts', () => {
    const routes = [route('/a', { limit: 'often' }, says('never'))]
    expect(() => secure(createServer(), quiet, routes)).toThrow(/BULWARK_LIMIT_INVALID/)
    expect(() => secure(createServer(secure({ limit: 'often' }, says('never'))), quiet)).toThrow(
      /BULWARK_LIMIT_INVALID/,
    )
  })

  test.each(['hook', 'post /hook', 'POST hook', '/a*', '/*/a', '/a b', '', '/:', '/:a-b'])(
    '"%s" names no requests',
    (place) => {
      expect(() => route(place, {}, says('never'))).toThrow(
        /BULWARK_ADAPTER_MISUSED[\s\S]*route\(\) \(library\/adapters\/node/,
      )
    },
  )

  test('stands there once, and in time', () => {
    const twice = [route('/a', {}, says('one')), route('/a', {}, says('other'))]
    expect(() => secure(createServer(), quiet, twice)).toThrow(/two routes are for ALL \/a/)
    const server = secure(createServer(), quiet)
    expect(() => secure(server, quiet, twice.slice(1))).toThrow(/BULWARK_ADAPTER_MISUSED[\s\S]*too late/)
  })

  test('makes wider limits for itself and for nothing else', async () => {
    const port = await up(
      secure(
        createServer((req, res) => req.resume().on('end', () => res.end('the app'))),
        quiet,
        [
          route('POST /import', { bodyLimits: { json: '300kb' } }, (req, res) =>
            req.resume().on('end', () => res.end('in')),
          ),
        ],
      ),
    )
    const send = async (path: string): Promise<number> => {
      const body = JSON.stringify({ text: 'x'.repeat(200_000) })
      return (
        await fetch(`http://127.0.0.1:${port}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
      ).status
    }
    expect([await send('/import'), await send('/other')]).toEqual([200, 413])
  })
})

describe('a plain listener', () => {
  test('has one limit, whatever paths a client thinks up', async () => {
    const port = await up(secure(createServer(secure({ limit: '2/min' }, says('in'))), quiet))
    const all = []
    for (const path of ['/', '/a', '/b', '/b/']) all.push(await ask(port, path))
    expect(all).toEqual(['200 in', '200 in', '429', '429'])
  })

  test('has a limit of its own beside others of the same line', async () => {
    const [one, other] = ['one', 'other'].map((text) => secure({ limit: '1/min' }, says(text)))
    const port = await up(
      secure(
        createServer((req, res) => (req.url === '/one' ? one : other)?.(req, res)),
        quiet,
      ),
    )
    const all = []
    for (const path of ['/one', '/other', '/one']) all.push(await ask(port, path))
    expect(all).toEqual(['200 one', '200 other', '429'])
  })

  test('that was not known at start-up and declares nonsense is told of once, and is never called', async () => {
    const events: SecurityEvent[] = []
    const odd = secure({ limit: 'often' }, says('never'))
    const port = await up(
      secure(
        createServer((req, res) => odd(req, res)),
        { onEvent: (event) => void events.push(event) },
      ),
    )
    expect([await ask(port, '/'), await ask(port, '/')]).toEqual(['503', '503'])
    const told = events.filter(({ guard }) => guard === 'runtime')
    expect(told.map(({ reason, fix }) => [reason, fix])).toEqual([
      [expect.stringContaining('BULWARK_LIMIT_INVALID'), expect.stringContaining('route(')],
    ])
  })
})
