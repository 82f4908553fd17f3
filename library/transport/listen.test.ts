import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { get as plainGet, request as plainRequest } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import express from 'express'
import fastify from 'fastify'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ringOf } from '../keys/ring.ts'
import { makeKey } from '../keys/text.ts'
import {
  type Authority,
  type Leaf,
  type Listening,
  type ListenOptions,
  listen,
  makeAuthority,
  modernTls,
  type TlsNotice,
} from './index.ts'

const DAY = 86_400_000
const home = mkdtempSync(join(tmpdir(), 'bulwark-listen-'))
const running: Listening[] = []
let authority: Authority
let leaf: Leaf

beforeAll(async () => {
  authority = await makeAuthority()
  leaf = await authority.issue(['app.bulwark.test', '127.0.0.1'])
  writeFileSync(join(home, 'ca.pem'), authority.cert)
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.close()))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function serve(
  options: Partial<ListenOptions> = {},
  app: Parameters<typeof listen>[0] = (_, res) => void res.end('hello'),
): Promise<Listening> {
  const listening = await listen(app, { tls: leaf, port: 0, host: '127.0.0.1', onNotice: () => undefined, ...options })
  running.push(listening)
  return listening
}

interface Answer {
  readonly status: number | undefined
  readonly location: string | undefined
  readonly text: string
}

function ask(port: number, agent = new Agent({ ca: authority.cert, servername: 'app.bulwark.test' })): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, agent, servername: 'app.bulwark.test' }, (res) => {
      let text = ''
      res.on('data', (chunk) => {
        text += chunk
      })
      res.on('end', () => resolve({ status: res.statusCode, location: res.headers.location, text }))
    })
    req.on('error', reject).end()
  })
}

async function open(port: number, more: object = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'app.bulwark.test', ca: authority.cert, ...more })
  await once(socket, 'secureConnect')
  return socket
}

/** What OpenSSL's own client makes of the server; `undefined` when it could not connect. */
async function openssl(port: number, ...args: string[]): Promise<string | undefined> {
  const run = promisify(execFile)('openssl', [
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-servername',
    'app.bulwark.test',
    '-CAfile',
    join(home, 'ca.pem'),
    '-verify_return_error',
    ...args,
  ])
  run.child.stdin?.end('Q\n')
  return run.then(
    ({ stdout }) => stdout,
    () => undefined,
  )
}

describe('the connection', () => {
  test('is TLS 1.2 or 1.3, judged by OpenSSL', async () => {
    const { port } = await serve()
    expect(await openssl(port, '-tls1_3')).toMatch(/Cipher is TLS_[\s\S]*Verify return code: 0 \(ok\)/)
    expect(await openssl(port, '-tls1_2')).toMatch(
      /Cipher is ECDHE-ECDSA-AES\d+-GCM[\s\S]*Verify return code: 0 \(ok\)/,
    )
    // Some builds of OpenSSL refuse old versions whatever they are told.
    expect(modernTls(leaf)).toMatchObject({ minVersion: 'TLSv1.2' })
    const old = ['-cipher', 'DEFAULT:@SECLEVEL=0']
    expect(await openssl(port, '-tls1_1', ...old)).toBeUndefined()
    expect(await openssl(port, '-tls1', ...old)).toBeUndefined()
  })

  test('agrees on its key over elliptic curves only', async () => {
    const { port } = await serve()
    expect(await openssl(port, '-tls1_3', '-groups', 'P-384')).toMatch(/Verify return code: 0/)
    for (const group of ['ffdhe2048', 'ffdhe8192', 'P-521']) {
      expect(await openssl(port, '-tls1_3', '-groups', group), group).toBeUndefined()
    }
  })

  test.each(['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA', 'AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-CCM8'])(
    'is never made with %s',
    async (cipher) => {
      const { port } = await serve()
      expect(await openssl(port, '-tls1_2', '-cipher', `${cipher}:@SECLEVEL=0`)).toBeUndefined()
    },
  )

  test('carries an Express app as it is, and Fastify takes the same options', async () => {
    const { port } = await serve(
      {},
      express().get('/', (req, res) => void res.send(`secure: ${req.secure}`)),
    )
    expect(await ask(port)).toMatchObject({ status: 200, text: 'secure: true' })
    const app = fastify({ https: modernTls(leaf) })
    app.get('/', async () => 'hello')
    await app.listen({ port: 0, host: '127.0.0.1' })
    const own = (app.server.address() as { port: number }).port
    expect(await ask(own)).toMatchObject({ status: 200, text: 'hello' })
    expect(await openssl(own, '-tls1_1', '-cipher', 'DEFAULT:@SECLEVEL=0')).toBeUndefined()
    await app.close()
  })

  test('speaks HTTP/2 with those who do, HTTP/1.1 with the others, and closes both', async () => {
    const own = { tls: leaf, port: 0, host: '127.0.0.1', onNotice: () => undefined, http2: true } as const
    const listening = await listen((req, res) => void res.end(`HTTP/${req.httpVersion}`), own)
    expect(await ask(listening.port)).toMatchObject({ text: 'HTTP/1.1' })
    const session = connectHttp2(`https://127.0.0.1:${listening.port}`, { ca: authority.cert })
    const stream = session.request({ ':path': '/' })
    stream.setEncoding('utf8')
    expect((await once(stream, 'data'))[0]).toBe('HTTP/2.0')
    expect(await openssl(listening.port, '-alpn', 'h2')).toMatch(/ALPN protocol: h2/)
    // Browsers refuse HTTP/2 over the suites that RFC 9113 names.
    expect(await openssl(listening.port, '-alpn', 'h2', '-tls1_2', '-cipher', 'AES128-SHA')).toBeUndefined()
    const gone = once(session, 'close')
    await listening.close()
    await gone
  })

  test('is not offered to Express over HTTP/2, which would end at the first request', async () => {
    await expect(
      listen(express() as never, { tls: leaf, port: 0, host: '127.0.0.1', http2: true }),
    ).rejects.toMatchObject({ code: 'BULWARK_ADAPTER_MISUSED', fix: expect.stringContaining('proxy') })
  })

  test('is for clients of the authority only, when that is asked for', async () => {
    const { port } = await serve({ clientAuthority: authority.cert })
    const client = await authority.issue(['worker.internal'], { usage: 'client' })
    const stranger = await (await makeAuthority()).issue(['worker.internal'], { usage: 'client' })
    const as = (own: Leaf | undefined): Promise<Answer> =>
      ask(port, new Agent({ ca: authority.cert, ...(own && { key: own.key, cert: own.cert }) }))
    expect(await as(client)).toMatchObject({ status: 200 })
    for (const other of [undefined, stranger, leaf]) await expect(as(other)).rejects.toThrow()
  })

  test('that began at one process is resumed at another one with the same keys', async () => {
    const keys = ringOf([{ secret: makeKey(), state: 'active' }])
    const [here, there, other] = [await serve({ keys }), await serve({ keys }), await serve()]
    const session = await new Promise<Buffer>((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: here.port,
        servername: 'app.bulwark.test',
        ca: authority.cert,
        maxVersion: 'TLSv1.2',
      })
      socket.once('error', reject).once('session', (ticket: Buffer) => {
        resolve(ticket)
        socket.destroy()
      })
    })
    const isResumed = async (port: number): Promise<boolean> => {
      const socket = await open(port, { session, maxVersion: 'TLSv1.2' })
      const isReused = socket.isSessionReused()
      socket.destroy()
      return isReused
    }
    expect([await isResumed(there.port), await isResumed(other.port)]).toEqual([true, false])
  })
})

describe('a certificate in files', () => {
  const files = { certFile: join(home, 'cert.pem'), keyFile: join(home, 'key.pem') }
  const put = ({ cert, key }: Pick<Leaf, 'cert' | 'key'>): void => {
    for (const [file, text] of [
      [files.certFile, cert],
      [files.keyFile, key],
    ] as const) {
      writeFileSync(`${file}.new`, text)
      renameSync(`${file}.new`, file)
    }
  }

  test('is exchanged without dropping a connection: old ones finish, new ones get the new one', async () => {
    put(leaf)
    const notices: TlsNotice[] = []
    const listening = await serve({ tls: files, onNotice: (notice) => void notices.push(notice) })
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.cert })
    await ask(listening.port, agent)
    const before = await open(listening.port)
    const next = await authority.issue(['app.bulwark.test'], { days: 60 })
    put(next)
    const answers = Promise.all(Array.from({ length: 50 }, () => ask(listening.port, agent)))
    expect(await listening.reload()).toBe(true)
    expect((await answers).every(({ status }) => status === 200)).toBe(true)
    const after = await open(listening.port)
    const serials = [before, after].map((socket) => socket.getPeerX509Certificate()?.serialNumber)
    expect(new Set(serials).size).toBe(2)
    before.write('GET / HTTP/1.1\r\nHost: app.bulwark.test\r\nConnection: close\r\n\r\n')
    expect(String((await once(before, 'data'))[0])).toMatch(/^HTTP\/1\.1 200/)
    expect(notices).toEqual([{ kind: 'reloaded', expires: next.expires }])
    expect(await listening.reload()).toBe(false)
    after.destroy()
    agent.destroy()
  })

  test('stays when the new one cannot be served, and that is told', async () => {
    put(leaf)
    const notices: TlsNotice[] = []
    const listening = await serve({ tls: files, onNotice: (notice) => void notices.push(notice) })
    const other = await authority.issue(['app.bulwark.test'])
    const broken = [
      { cert: other.cert, key: leaf.key },
      { cert: 'half a f', key: leaf.key },
      { cert: leaf.cert, key: '' },
    ]
    for (const pair of broken) {
      put(pair)
      expect(await listening.reload()).toBe(false)
    }
    rmSync(files.certFile)
    expect(await listening.reload()).toBe(false)
    expect(notices.map(({ kind }) => kind)).toEqual(Array(4).fill('not reloaded'))
    expect(await ask(listening.port)).toMatchObject({ status: 200 })
    put(other)
    expect(await listening.reload()).toBe(true)
  })

  test('is looked at by itself', async () => {
    put(leaf)
    const notices: TlsNotice[] = []
    await serve({ tls: files, lookEvery: 50, onNotice: (notice) => void notices.push(notice) })
    put(await authority.issue(['app.bulwark.test']))
    await expect.poll(() => notices.map(({ kind }) => kind), { timeout: 10_000 }).toEqual(['reloaded'])
  })
})

describe('a certificate that ends', () => {
  test('is told about at 30, 14, 7, 3 and 1 days, once each, and when it has ended', async () => {
    let now = Date.now()
    const days: unknown[] = []
    const short = await authority.issue(['app.bulwark.test'], { days: 40 })
    const listening = await serve({
      tls: short,
      now: () => now,
      onNotice: (notice) => void days.push(notice.kind === 'expiring' && notice.days),
    })
    for (let day = 0; day < 42; day++) {
      await listening.reload()
      await listening.reload()
      now += DAY
    }
    expect(days).toEqual([30, 14, 7, 3, 1, 0])
  })

  test('soon is told about at the start, and one that has ended is not served', async () => {
    const notices: TlsNotice[] = []
    await serve({
      tls: await authority.issue(['app.bulwark.test'], { days: 5 }),
      onNotice: (notice) => void notices.push(notice),
    })
    expect(notices).toEqual([{ kind: 'expiring', days: 5 }])
    await expect(serve({ now: () => Date.now() + 91 * DAY })).rejects.toThrow(/has expired/)
  })

  test('is made anew by itself in development', async () => {
    let now = Date.now()
    const listening = await serve({ tls: { dev: { folder: join(home, 'dev') } }, now: () => now })
    expect(await listening.reload()).toBe(false)
    now += 84 * DAY
    expect(await listening.reload()).toBe(true)
  })
})

describe('the plain port', () => {
  function asked(
    port: number,
    host: string,
    path = '/a?b=c',
    method = 'GET',
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const req = plainRequest(
        { host: '127.0.0.1', port, path, method, agent: false, headers: { host, accept: 'text/html', ...headers } },
        (res) => {
          res.resume().on('end', () => resolve({ status: res.statusCode, location: res.headers.location, text: '' }))
        },
      )
      req.on('error', reject).end()
    })
  }

  test('sends people over to where the app is', async () => {
    const { port, redirectPort = 0 } = await serve({ redirectFrom: 0 })
    const there = `https://app.bulwark.test:${port}/a?b=c`
    expect(await asked(redirectPort, 'app.bulwark.test')).toEqual({ status: 308, location: there, text: '' })
    expect((await asked(redirectPort, 'APP.bulwark.test:80')).location).toBe(there)
    expect((await asked(redirectPort, '127.0.0.1')).location).toBe(`https://127.0.0.1:${port}/a?b=c`)
    expect((await asked(redirectPort, 'app.bulwark.test', '/', 'HEAD')).status).toBe(308)
  })

  test.each([
    { what: 'another host', host: 'evil.example' },
    { what: 'a host with a name of ours in front', host: 'app.bulwark.test.evil.example' },
    { what: 'a host with somebody in it', host: 'app.bulwark.test@evil.example' },
    { what: 'a form', host: 'app.bulwark.test', method: 'POST' },
    { what: 'a script', host: 'app.bulwark.test', headers: { accept: 'application/json' } },
    { what: 'a password', host: 'app.bulwark.test', headers: { authorization: 'Basic YTpi' } },
    { what: 'a path of another host', host: 'app.bulwark.test', path: '//evil.example/' },
  ])('refuses $what', async ({ host, path, method, headers }) => {
    const { redirectPort = 0 } = await serve({ redirectFrom: 0 })
    const answer = await asked(redirectPort, host, path, method, headers)
    expect(answer).toEqual({ status: 403, location: undefined, text: '' })
  })

  test('keeps no connection open', async () => {
    const { redirectPort = 0 } = await serve({ redirectFrom: 0 })
    const [res] = (await once(plainGet({ host: '127.0.0.1', port: redirectPort }), 'response')) as [
      { headers: Record<string, string>; resume(): void },
    ]
    res.resume()
    expect(res.headers['connection']).toBe('close')
  })
})

describe('at the start', () => {
  test('what no client would take is refused', async () => {
    const other = await authority.issue(['app.bulwark.test'])
    await expect(serve({ tls: { cert: leaf.cert, key: other.key } })).rejects.toThrow(/another private key/)
    await expect(serve({ tls: { certFile: join(home, 'nothing'), keyFile: join(home, 'nothing') } })).rejects.toThrow(
      /cannot be read/,
    )
  })

  test('a port that is taken is an error, and nothing stays open behind it', async () => {
    const { port } = await serve()
    await expect(serve({ port })).rejects.toThrow(/EADDRINUSE/)
    await expect(serve({ redirectFrom: port })).rejects.toThrow(/EADDRINUSE/)
  })

  test('closing waits for requests that are running', async () => {
    let finish: () => void = () => undefined
    const listening = await serve({}, (_, res) => {
      finish = () => void res.end('done')
    })
    const answer = ask(listening.port)
    await once(listening.server, 'request')
    const closed = listening.close()
    finish()
    expect(await answer).toMatchObject({ text: 'done' })
    await closed
    await expect(ask(listening.port)).rejects.toThrow(/ECONNREFUSED/)
    running.splice(0)
  })
})
