import { createServer as createTcpServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { RawAnswer } from '../library/core/probe.ts'
import { listen, page, reach, serve } from './lab.ts'
import manifest from './package.json' with { type: 'json' }
import { VERSION } from './version.ts'

const plain = () => serve((seen, res) => res.end(`got ${seen.url}`))

describe('the request line', () => {
  const writable = ['/a/..%2fb', '/%00', '//x', '/a//b/./c/../d', '/%', '/%2e%2e/%c0%ae', '/?a=b?c#d', '/a\\b']
  test.each(writable)('sends %j byte for byte', async (path) => {
    const victim = await plain()
    const { target } = await reach(victim.origin)
    const answer = await target.send({ path })
    expect(answer.status).toBe(200)
    expect(victim.seen[0]?.url).toBe(path)
  })

  test.each(['/a b', '/a\tb', '/a\r\nX: y', '/\u0000', '/日本'])('sends %j although Node refuses to', async (path) => {
    const lines: Buffer[] = []
    const victim = createTcpServer((socket) => {
      socket.on('data', (chunk) => {
        lines.push(chunk)
        socket.end('HTTP/1.1 204 Fine\r\nX-A: b\r\n\r\n')
      })
    })
    await listen(victim)
    const address = victim.address()
    const { target } = await reach(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
    const answer = await target.send({ path, method: 'POST', form: { a: 'b c' } })
    expect(Buffer.concat(lines).toString('utf8')).toMatch(/^POST /)
    expect(Buffer.concat(lines).toString('utf8').startsWith(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1`)).toBe(true)
    expect(Buffer.concat(lines).toString('utf8').endsWith('\r\n\r\na=b+c')).toBe(true)
    expect([answer.status, answer.headers['x-a']]).toEqual([204, 'b'])
  })

  test.each(['Content-Length: 2\r\n\r\nok', 'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'])(
    'needs no closed connection to see that the answer %j is complete',
    async (rest) => {
      const victim = createTcpServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => socket.write(`HTTP/1.1 200 Fine\r\n${rest}`))
      })
      await listen(victim)
      const address = victim.address()
      const { target } = await reach(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
      const answer = await target.send({ path: '/a b', timeout: 10_000 })
      expect([answer.status, answer.text, answer.failure]).toEqual([200, 'ok', undefined])
    },
  )

  test('sends a header with a line break, which Node refuses, as it is', async () => {
    const victim = await plain()
    const { target } = await reach(victim.origin)
    await target.send({ path: '/', headers: { 'X-A': 'b\r\nX-Injected: yes' } })
    expect(victim.seen[0]?.headers['x-injected']).toBe('yes')
  })
})

describe('a request', () => {
  test('says who sends it, in which run, and nothing more than it must', async () => {
    const victim = await plain()
    const { target } = await reach(victim.origin)
    await target.send({ path: '/' })
    expect(victim.seen[0]?.rawHeaders).toEqual([
      ...['Host', `127.0.0.1:${victim.port}`, 'User-Agent', `bulwark-probe/${VERSION}`, 'X-Bulwark-Probe', 'a-run'],
      ...['Accept', '*/*', 'Connection', 'close'],
    ])
  })

  test('has the version of the package', () => {
    expect(VERSION).toBe(manifest.version)
  })

  test('lets its own headers win, and repeats those with several values', async () => {
    const victim = await plain()
    const { target } = await reach(victim.origin)
    await target.send({ path: '/', headers: { host: 'evil.example', 'USER-AGENT': 'x', 'X-Many': ['1', '2'] } })
    expect(victim.seen[0]?.headers).toMatchObject({ host: 'evil.example', 'user-agent': 'x' })
    expect(victim.seen[0]?.rawHeaders.filter((word) => word === 'X-Many')).toHaveLength(2)
    expect(victim.seen[0]?.rawHeaders.filter((word) => word.toLowerCase() === 'host')).toHaveLength(1)
  })

  test('carries forms, JSON, text and bytes with the type that fits', async () => {
    const victim = await plain()
    const { target } = await reach(victim.origin)
    await target.send({ method: 'POST', path: '/', form: { a: 'b&c', d: 'é' } })
    await target.send({ method: 'POST', path: '/', json: { a: [1] } })
    await target.send({ method: 'PUT', path: '/', json: { a: 1 }, headers: { 'content-type': 'text/plain' } })
    await target.send({ method: 'POST', path: '/', body: new Uint8Array([65, 66]) })
    await target.send({ method: 'POST', path: '/' })
    await target.send({ method: 'DELETE', path: '/' })
    expect(victim.seen.map((one) => [one.headers['content-type'], one.headers['content-length'], one.body])).toEqual([
      ['application/x-www-form-urlencoded', '16', 'a=b%26c&d=%C3%A9'],
      ['application/json', '9', '{"a":[1]}'],
      ['text/plain', '7', '{"a":1}'],
      [undefined, '2', 'AB'],
      [undefined, '0', ''],
      [undefined, undefined, ''],
    ])
  })

  test('comes from the address that was asked for, or else from the one given to the probe', async () => {
    const victim = await plain()
    const { target } = await reach(victim.origin, { from: '127.0.0.7' })
    await target.send({ path: '/' })
    await target.send({ path: '/', from: '127.0.0.9' })
    await target.raw({ parts: ['GET / HTTP/1.1\r\nHost: x\r\n\r\n'], hold: 50 })
    expect(victim.seen.map((one) => one.from)).toEqual(['127.0.0.7', '127.0.0.9', '127.0.0.7'])
    await expect(target.send({ path: '/', from: '10.0.0.1' })).rejects.toThrow('no loopback address')
  })

  test('never follows a redirect', async () => {
    const victim = await serve((_, res) => res.writeHead(302, { location: 'http://10.255.255.1/' }).end())
    const { target } = await reach(victim.origin)
    const answer = await target.send({ path: '/' })
    expect([answer.status, answer.headers['location'], victim.seen.length]).toEqual([302, 'http://10.255.255.1/', 1])
  })
})

describe('an answer', () => {
  test('has its headers by lower-case name, joined and one by one', async () => {
    const victim = await serve((_, res) => {
      res.setHeader('Set-Cookie', ['a=1', 'b=2'])
      res.setHeader('X-One', 'x')
      page(res, '<p>')
    })
    const { target } = await reach(victim.origin)
    const answer = await target.send({ path: '/' })
    expect(answer.headers['set-cookie']).toBe('a=1, b=2')
    expect(answer.all('Set-Cookie')).toEqual(['a=1', 'b=2'])
    expect(answer.all('x-none')).toEqual([])
    expect(answer.headers['toString']).toBeUndefined()
    expect([answer.isHtml, answer.failure]).toEqual([true, undefined])
  })

  test('is HTML by its type only', async () => {
    const victim = await serve((seen, res) => res.setHeader('content-type', seen.url.slice(1)).end('<html>'))
    const { target } = await reach(victim.origin)
    const isHtml = async (type: string): Promise<boolean> => (await target.send({ path: `/${type}` })).isHtml
    expect(await isHtml('text/html')).toBe(true)
    expect(await isHtml('application/xhtml+xml')).toBe(true)
    expect(await isHtml('text/plain')).toBe(false)
    expect(await isHtml('text/html5')).toBe(false)
  })

  test('keeps one megabyte of a body that never ends', async () => {
    const victim = await serve((_, res) => {
      const chunk = 'x'.repeat(64 * 1024)
      const more = (): void => {
        while (!res.destroyed && res.write(chunk));
        res.once('drain', more)
      }
      more()
    })
    const { target } = await reach(victim.origin)
    const answer = await target.send({ path: '/' })
    expect([answer.status, answer.text.length, answer.failure]).toEqual([200, 1024 * 1024, undefined])
  })

  test('is what came in time when the rest does not come', async () => {
    const victim = await serve((_, res) => void res.write('so far'))
    const { target } = await reach(victim.origin)
    const answer = await target.send({ path: '/', timeout: 100 })
    expect([answer.status, answer.text, answer.failure]).toEqual([200, 'so far', 'timeout'])
  })

  test('has status 0 and the reason when nothing came', async () => {
    const victim = await serve((seen, _res, req) => seen.url === '/reset' && req.socket.destroy())
    const { target } = await reach(victim.origin)
    const silent = await target.send({ path: '/', timeout: 50 })
    const reset = await target.send({ path: '/reset' })
    const port = victim.port
    victim.server.closeAllConnections()
    await new Promise((resolve) => victim.server.close(resolve))
    const refused = await (await reach(`http://127.0.0.1:${port}`)).target.send({ path: '/' })
    expect([silent, reset, refused].map((answer) => [answer.status, answer.failure])).toEqual([
      [0, 'timeout'],
      [0, 'reset'],
      [0, 'refused'],
    ])
  })

  test('to an upgrade is its head', async () => {
    const victim = await serve(() => undefined)
    const head = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'X-A: b',
      '',
      'hello',
    ]
    victim.server.on('upgrade', (_req, socket) => socket.on('error', () => undefined).write(head.join('\r\n')))
    const { target } = await reach(victim.origin)
    const answer = await target.send({ path: '/live', headers: { connection: 'Upgrade', upgrade: 'websocket' } })
    expect([answer.status, answer.headers['x-a'], answer.text]).toEqual([101, 'b', 'hello'])
  })

  test('that refuses a large body in the middle is seen', async () => {
    const victim = await serve(() => undefined)
    victim.server.removeAllListeners('request')
    let bytes = (): number => 0
    victim.server.on('request', (req, res) => {
      bytes = () => req.socket.bytesRead
      res.writeHead(413).end('too large')
      req.on('error', () => undefined).resume()
    })
    const { target } = await reach(victim.origin)
    const answer = await target.send({ method: 'POST', path: '/', body: new Uint8Array(64 * 1024 * 1024).fill(97) })
    expect([answer.status, answer.text]).toEqual([413, 'too large'])
    expect(bytes()).toBeLessThan(64 * 1024 * 1024)
  })
})

describe('bare sockets', () => {
  const parts = ['GET /a HT', 'TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n']

  test('send the parts as they are, one after the other, and tell who closed', async () => {
    const victim = await plain()
    const { target } = await reach(victim.origin)
    const answer = await target.raw({ parts, pause: 20, hold: 5000 })
    expect(answer.text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*got \/a$/)
    expect(answer.closed).toBe(true)
    expect(answer.failure).toBeUndefined()
  })

  test('wait between the parts, from the moment they are connected', async () => {
    const victim = await plain()
    const { target } = await reach(victim.origin)
    const answer = await target.raw({ parts: [...parts.join('')].slice(0, 5), pause: 20, hold: 1 })
    expect(answer.ms).toBeGreaterThan(75)
  })

  test('stay open while nobody closes them', async () => {
    const victim = await plain()
    const { target } = await reach(victim.origin)
    const answer = await target.raw({ parts: ['GET / HTTP/1.1\r\n'], hold: 60 })
    expect([answer.closed, answer.text]).toEqual([false, ''])
  })

  test('say so when nobody listens', async () => {
    const answer: RawAnswer = await (await reach('http://127.0.0.1:1')).target.raw({ parts: ['x'], hold: 10 })
    expect([answer.failure, answer.closed]).toEqual(['refused', true])
  })

  test('count the idle connections that the target keeps', async () => {
    const victim = await plain()
    let accepted = 0
    victim.server.on('connection', (socket) => ++accepted > 3 && socket.destroy())
    const { target } = await reach(victim.origin)
    expect(await target.connect(8, { hold: 100 })).toBe(3)
    expect(accepted).toBe(8)
  })
})

test('no more connections are opened than this machine can bear', async () => {
  const victim = await plain()
  const { target } = await reach(victim.origin)
  expect(await target.connect(400, { hold: 10 })).toBe(256)
})

describe('limits', () => {
  test('end a probe that asks for more than its share', async () => {
    const victim = await plain()
    const { target, run } = await reach(victim.origin, { requests: 2 })
    await target.send({ path: '/' })
    await target.raw({ parts: ['x'], hold: 1 })
    await expect(target.send({ path: '/' })).rejects.toThrow('2 requests of one probe')
    await expect(target.connect(1, { hold: 1 })).rejects.toThrow('2 requests of one probe')
    expect([target.used, run.requests]).toEqual([2, 2])
  })

  test('end the run when its budget or its time is used up', async () => {
    const victim = await plain()
    const { target } = await reach(victim.origin, { maxRequests: 1 })
    await target.send({ path: '/' })
    await expect(target.send({ path: '/' })).rejects.toThrow('budget of 1 requests')
    const late = await reach(victim.origin, { deadline: performance.now() - 1 })
    await expect(late.target.send({ path: '/' })).rejects.toThrow('time of this run')
    expect(victim.seen).toHaveLength(1)
  })

  test('cut what is under way as soon as the caller gives up', async () => {
    const victim = await serve(() => undefined)
    const caller = new AbortController()
    const { target } = await reach(victim.origin, { signal: caller.signal })
    const sending = target.send({ path: '/', timeout: 15_000 })
    const holding = target.connect(2, { hold: 15_000 })
    const listening = target.raw({ parts: ['GET'], hold: 15_000 })
    setTimeout(() => caller.abort(), 50)
    expect((await sending).failure).toBe('stopped')
    expect((await listening).failure).toBe('stopped')
    await holding
    await expect(target.send({ path: '/' })).rejects.toThrow('ended early')
  })
})

describe('health', () => {
  test('is an answer like the first one, from an address that no probe uses', async () => {
    let status = 200
    const victim = await serve((_, res) => res.writeHead(status).end())
    const { target } = await reach(`${victim.origin}/home?a=b`, { manyAddresses: true })
    expect([await target.alive(), await target.health()]).toEqual([true, 'alive'])
    status = 429
    expect([await target.alive(), await target.health()]).toEqual([false, 'limited'])
    status = 500
    expect([await target.alive(), await target.health()]).toEqual([false, 'gone'])
    expect(new Set(victim.seen.map((one) => one.url))).toEqual(new Set(['/home?a=b']))
    expect(new Set(victim.seen.map((one) => one.from)).size).toBe(6)
  })
})

test('every nonce is another plain word', async () => {
  const { target } = await reach('http://127.0.0.1:1')
  const words = Array.from({ length: 50 }, () => target.nonce())
  expect(new Set(words).size).toBe(50)
  expect(words.every((word) => /^[a-z]{12}$/.test(word))).toBe(true)
  expect(target.nonces).toEqual(words)
})
