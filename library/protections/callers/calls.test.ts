import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { secure, securityOf } from '../../adapters/node.ts'
import type { SecurityEvent } from '../../core/event.ts'
import { off } from '../../core/policy.ts'
import type { Store } from '../../core/store.ts'
import { type OpenRing, ringOf } from '../../keys/ring.ts'
import { loadJose } from '../../tokens/jose.ts'
import { type Bound, signingWith } from './calling/signing.ts'
import type { CallersOptions } from './guard.ts'
import { type Calls, createCalls } from './index.ts'

const secret = (): string => randomBytes(32).toString('base64url')
const servers: Server[] = []

async function serve(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
afterAll(() => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
})

let ring: OpenRing
let blog: Calls
let keysUrl: string
let isPublishing = true
let events: SecurityEvent[] = []
let notify: string
let mallory: Calls
let first: string

/** What notify says of a call: who it was, and what it brought. */
const notifyServer = (): Server =>
  createServer(
    secure({ caller: 'notify:send' }, (req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk) => chunks.push(chunk))
      req.on('end', () => {
        const { caller } = securityOf(req)
        res.setHeader('content-type', 'application/json')
        res.end(JSON.stringify({ ...caller, body: Buffer.concat(chunks).toString() }))
      })
    }),
  )
const policyOf = (more: CallersOptions = {}): CallersOptions => ({
  self: 'notify',
  known: { blog: { keys: keysUrl, may: ['notify:send'] }, shop: { keys: keysUrl, may: [] } },
  ...more,
})

beforeAll(async () => {
  first = secret()
  ring = ringOf([{ secret: first, state: 'active' }])
  keysUrl = await serve(
    createServer((_req, res) => (isPublishing ? res.end(JSON.stringify(blog.keySet())) : res.writeHead(500).end())),
  )
  notify = await serve(
    secure(notifyServer(), {
      onEvent: (event) => void events.push(event),
      bodyLimits: off('the limit of calls is what is looked at'),
      callers: policyOf(),
    }),
  )
  const targets = { notify, other: notify }
  blog = createCalls({ self: 'blog', keys: ring, targets })
  mallory = createCalls({ self: 'blog', keys: secret(), targets })
})
afterEach(() => {
  events = []
})

/** Sends whatever it is told to, and not only what is right. */
function send(
  origin: string,
  {
    method = 'POST',
    path = '/messages',
    token,
    headers = {},
    body,
  }: Partial<Record<'method' | 'path' | 'token' | 'body', string>> & {
    headers?: Record<string, string>
  },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(origin + path, {
      method,
      agent: false,
      headers: { ...(token !== undefined && { authorization: `Service-Call ${token}` }), ...headers },
    })
    sent.on('response', (answer) => {
      let text = ''
      answer.on('data', (chunk) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const bound: Bound = {
  self: 'blog',
  to: 'notify',
  method: 'POST',
  target: '/messages',
  body: Buffer.from('hello'),
  user: undefined,
}
const sign = (more: Partial<Bound> = {}, now = Date.now): Promise<string> =>
  signingWith(ring, loadJose(), now).sign({ ...bound, ...more })

describe('a call', () => {
  test('says who calls, and for whom', async () => {
    const answer = await blog.callService('notify', {
      path: '/messages?to=b%C3%A9a',
      json: { a: 1 },
      onBehalfOf: 'ann',
    })
    expect([answer.status, answer.json()]).toEqual([
      200,
      { name: 'blog', user: 'ann', by: 'signature', body: '{"a":1}' },
    ])
    const bare = await blog.callService('notify', { path: '/messages' })
    expect(bare.json()).toEqual({ name: 'blog', by: 'signature', body: '' })
  })

  test('of half a megabyte arrives as a whole', async () => {
    const body = 'x'.repeat(500_000)
    expect(((await blog.callService('notify', { path: '/', body })).json() as { body: string }).body).toBe(body)
  })

  test('that is larger than calls may be is refused', async () => {
    expect(
      (await blog.callService('notify', { path: '/', body: 'x'.repeat(1_100_000) }).catch(() => ({ status: 413 })))
        .status,
    ).toBe(413)
  })

  test('comes once', async () => {
    const token = await sign()
    expect((await send(notify, { token, body: 'hello' })).status).toBe(200)
    expect((await send(notify, { token, body: 'hello' })).status).toBe(401)
    expect(events).toMatchObject([{ guard: 'callers', risk: 'replayed-call', outcome: 'denied' }])
  })

  test('comes once, also when it comes twenty times at once', async () => {
    const token = await sign()
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(notify, { token, body: 'hello' })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })
})

const later = (seconds: number) => () => Date.now() + seconds * 1000
type Abuse = readonly [what: string, token: () => Promise<string>, sent: Parameters<typeof send>[1], reason: RegExp]

const abuses: readonly Abuse[] = [
  ['another body', () => sign(), { body: 'hellO' }, /its body is not the one/],
  ['a longer body', () => sign(), { body: 'hello!' }, /its body is not the one/],
  ['no body', () => sign(), {}, /another body/],
  ['a body where there was none', () => sign({ body: undefined }), { body: 'hello' }, /its body is not the one/],
  ['another method', () => sign(), { method: 'PUT', body: 'hello' }, /another call/],
  ['another path', () => sign(), { path: '/messages/all', body: 'hello' }, /another call/],
  ['another query', () => sign(), { path: '/messages?to=bob', body: 'hello' }, /another call/],
  ['a path that decodes to the same', () => sign(), { path: '/message%73', body: 'hello' }, /another call/],
  ['a call for another app', () => sign({ to: 'shop' }), { body: 'hello' }, /another audience/],
  ['a caller that nobody knows', () => sign({ self: 'stranger' }), { body: 'hello' }, /nobody who is known/],
  ['a stale call', () => sign({}, later(-40)), { body: 'hello' }, /expired/],
  ['a call of the future', () => sign({}, later(40)), { body: 'hello' }, /future/],
  ['nonsense', async () => 'a.b.c', { body: 'hello' }, /nobody who is known/],
]

test.each(abuses)('%s is refused', async (_what, token, sent, reason) => {
  const { status, text } = await send(notify, { ...sent, token: await token() })
  expect([status, events[0]?.risk, events[0]?.reason]).toEqual([401, 'forged-caller', expect.stringMatching(reason)])
  expect(text).not.toMatch(reason)
})

test('the app gets nothing of an altered body, however slowly it comes', async () => {
  let seen = 0
  const own = await serve(
    secure(
      createServer(
        secure({ caller: 'notify:send' }, (req, res) => {
          req.on('data', (chunk: Buffer) => {
            seen += chunk.length
          })
          req.on('end', () => res.end('done'))
        }),
      ),
      { onEvent: () => {}, bodyLimits: off('as above'), callers: policyOf() },
    ),
  )
  const drip = async (last: string): Promise<number | undefined> => {
    const sent = request(`${own}/messages`, {
      method: 'POST',
      agent: false,
      headers: { authorization: `Service-Call ${await sign()}`, 'content-type': 'text/plain', 'content-length': '5' },
    })
    sent.write('hell')
    await new Promise((done) => setTimeout(done, 150))
    expect(seen).toBe(0)
    sent.end(last)
    const [answer] = await once(sent, 'response')
    answer.resume()
    return answer.statusCode
  }
  expect([await drip('O'), seen]).toEqual([401, 0])
  expect([await drip('o'), seen]).toEqual([200, 5])
})

test('a key of somebody else signs nothing, whatever name it gives itself', async () => {
  expect((await mallory.callService('notify', { path: '/messages' })).status).toBe(401)
  expect(events[0]?.reason).toMatch(/no key of the issuer has signed it/)
})

test('a token that is good for longer than a minute is refused, however well it is signed', async () => {
  const jose = loadJose()
  const [key] = ring.usable('calls')
  const { createPrivateKey } = await import('node:crypto')
  const seed = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), key!.derive('calls ed25519')])
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: 'blog', aud: 'notify', sub: 'blog', iat, exp: iat + 61, jti: 'one', htm: 'POST', htu: '/' }
  const token = await new jose.CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'service-call+jwt', kid: key!.id })
    .sign(createPrivateKey({ key: seed, format: 'der', type: 'pkcs8' }))
  expect((await send(notify, { path: '/', token })).status).toBe(401)
  expect(events[0]?.reason).toMatch(/longer than 60 seconds/)
})

test('without a call there is 401, and a caller that may not do it gets 403', async () => {
  expect((await send(notify, { body: 'hello' })).status).toBe(401)
  expect((await send(notify, { token: await sign({ self: 'shop' }), body: 'hello' })).status).toBe(403)
  expect(events.map(({ risk }) => risk)).toEqual(['forged-caller', 'uninvited-caller'])
})

describe('keys', () => {
  const call = async (): Promise<number> => (await blog.callService('notify', { path: '/messages' })).status
  const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

  test('are rotated without a refused call, and a revoked one is refused within a second', async () => {
    const second = secret()
    expect(await call()).toBe(200)
    const stolen = createCalls({ self: 'blog', keys: first, targets: { notify } })
    ring.replace([
      { secret: second, state: 'next' },
      { secret: first, state: 'active' },
    ])
    expect(blog.keySet().keys).toHaveLength(2)
    expect(await call()).toBe(200)
    await pause(600)
    ring.replace([
      { secret: second, state: 'active' },
      { secret: first, state: 'retired' },
    ])
    expect([await call(), (await stolen.callService('notify', { path: '/' })).status]).toEqual([200, 200])
    ring.replace([
      { secret: second, state: 'active' },
      { secret: first, state: 'revoked' },
    ])
    await pause(900)
    expect([await call(), (await stolen.callService('notify', { path: '/' })).status]).toEqual([200, 401])
    expect(JSON.stringify(blog.keySet())).not.toContain('"d"')
  })

  test('that cannot be had let nobody in for long', async () => {
    let now = Date.now()
    const own = await import('../../testing/exchange.ts')
    const { callers } = await import('./guard.ts')
    const facts = own.setup({ now: () => now })
    const guard = callers(policyOf(), facts)
    const ask = async (): Promise<unknown> =>
      guard.onRequest?.(
        own.exchange({
          url: 'https://notify.internal/messages',
          headers: { authorization: `Service-Call ${await sign({ method: 'GET', body: undefined }, () => now)}` },
        }),
      )
    expect(await ask()).toBeUndefined()
    isPublishing = false
    now += 3000
    expect(await ask()).toBeUndefined()
    now += 3000
    await expect(ask()).rejects.toThrow(/cannot be had/)
    isPublishing = true
    now += 1500
    expect(await ask()).toBeUndefined()
    expect(facts.reports).toMatchObject([{ outcome: 'failed', risk: 'forged-caller' }])
  })
})

test('a store that is away refuses calls', async () => {
  const away = {
    name: 'away',
    shared: true,
    put: () => Promise.reject(new Error('gone')),
    get: () => undefined,
    delete: () => false,
    take: () => ({ allowed: true, remaining: 1, retryAfter: 0, resetAfter: 0 }),
    keysOf: () => [],
    deleteAllOf: () => 0,
  } as unknown as Store
  const own = await serve(
    secure(notifyServer(), {
      store: away,
      bodyLimits: off('as above'),
      onEvent: (event) => void events.push(event),
      callers: policyOf(),
    }) as Server,
  )
  expect((await send(own, { token: await sign(), body: 'hello' })).status).toBe(503)
  expect(events).toMatchObject([{ guard: 'callers', outcome: 'failed' }])
})

describe('two processes', () => {
  const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)
  const children: ChildProcess[] = []
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
  })

  test('take a call once between them, on SQLite', async () => {
    const { mkdtempSync, rmSync } = await import('node:fs')
    const { tmpdir } = await import('node:os')
    const { join } = await import('node:path')
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-calls-'))
    try {
      const app = `
        import { createServer } from 'node:http'
        import { secure } from ${here('../../adapters/node.ts')}
        import { sqliteStore } from ${here('../../stores/sqlite.ts')}
        const server = createServer(secure({ caller: 'notify:send' }, (req, res) => { req.resume(); res.end('done') }))
        secure(server, {
          store: sqliteStore(${JSON.stringify(join(folder, 'store.db'))}),
          onEvent() {},
          bodyLimits: { off: 'as in the other tests' },
          callers: { self: 'notify', known: { blog: { keys: ${JSON.stringify(keysUrl)}, may: ['notify:send'] } } },
        })
        server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
      const ports = await Promise.all(
        [1, 2].map(async () => {
          const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', app], {
            stdio: ['ignore', 'pipe', 'inherit'],
          })
          children.push(child)
          const [line] = await once(child.stdout!, 'data')
          return Number(String(line).trim())
        }),
      )
      for (let round = 0; round < 5; round++) {
        const token = await sign()
        const answers = await Promise.all(
          ports.flatMap((port) => [1, 2].map(() => send(`http://127.0.0.1:${port}`, { token, body: 'hello' }))),
        )
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401])
      }
    } finally {
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  }, 60_000)
})
