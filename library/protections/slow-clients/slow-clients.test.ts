import http from 'node:http'
import https from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { secure } from '../../adapters/node.ts'
import type { SecurityEvent } from '../../core/event.ts'
import type { Connection, Denial } from '../../core/guard.ts'
import { setup } from '../../testing/exchange.ts'
import { type SlowClientsOptions, slowClients } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('slow-clients', {
  victim,
  probes,
  rules,
  sources: ['fixtures/timeouts.js'],
  policy: { slowClients: { head: '500ms', body: '500ms', connections: 50 } },
  holdFor: 2600,
  together: true,
})

interface TestConnection extends Connection {
  readonly ends: Denial[]
}

function connection(parts: Partial<Connection> = {}): TestConnection {
  const ends: Denial[] = []
  return {
    ip: '203.0.113.7',
    client: '203.0.113.7',
    since: 0,
    headSince: 0,
    bodySince: 0,
    bodyBytes: 0,
    bytesRead: 100,
    notes: new Map(),
    trusted: false,
    end: (denial) => void ends.push(denial),
    ends,
    ...parts,
  }
}

const NOW = 1_000_000
const timeCases: readonly [string, Partial<Connection>, 'stays' | 'ends'][] = [
  ['a connection on which an exchange is going on', {}, 'stays'],
  ['a head that is 8 seconds late', { headSince: NOW - 8000 }, 'stays'],
  ['a head that is later than that', { headSince: NOW - 8001 }, 'ends'],
  ['a body in its first seconds, without a byte', { bodySince: NOW - 8000 }, 'stays'],
  ['a body without a byte after them', { bodySince: NOW - 8001 }, 'ends'],
  ['a body at the lowest rate', { bodySince: NOW - 18_000, bodyBytes: 10 * 1024 }, 'stays'],
  ['a body below the lowest rate', { bodySince: NOW - 18_000, bodyBytes: 10 * 1024 - 1 }, 'ends'],
  ['a long upload at a good rate', { bodySince: NOW - 600_000, bodyBytes: 9_000_000 }, 'stays'],
]
for (const [what, parts, verdict] of timeCases) {
  test(`${what} ${verdict}`, () => {
    const one = connection(parts)
    slowClients({}, setup()).onTick!(NOW, [one])
    expect(one.ends.map(({ status }) => status)).toEqual(verdict === 'ends' ? [408] : [])
  })
}

test('a connection that is ending is not ended again, and many are one event', () => {
  const facts = setup()
  const guard = slowClients({}, facts)
  const all = Array.from({ length: 30 }, () => connection({ headSince: 1 }))
  guard.onTick!(NOW, all)
  guard.onTick!(NOW + 1000, all)
  expect(all.every(({ ends }) => ends.length === 1)).toBe(true)
  expect(facts.reports).toMatchObject([{ reason: '30 connections sent a request too slowly', outcome: 'denied' }])
  guard.onTick!(NOW + 2000, [connection({ headSince: 1 })])
  expect(facts.reports).toHaveLength(1)
  guard.onTick!(NOW + 10_000, [])
  expect(facts.reports[1]).toMatchObject({ reason: '1 connection sent a request too slowly' })
})

test('a policy that only observes ends nothing', () => {
  for (const [options, facts] of [
    [{ mode: 'observe' }, setup()],
    [{}, setup({ mode: 'observe' })],
  ] as const) {
    const guard = slowClients({ ...options, connections: 1 }, facts)
    const slow = connection({ headSince: 1 })
    guard.onTick!(NOW, [slow])
    guard.onTick!(NOW + 20_000, [slow])
    expect(slow.ends).toEqual([])
    expect(facts.reports).toMatchObject([{ outcome: 'observed' }])
    expect(guard.onConnection!(slow)).toBeUndefined()
    expect(guard.onConnection!(slow)).toMatchObject({ status: 429 })
    // Both were let in, so both are counted and both leave.
    guard.onDisconnect!(slow)
    guard.onDisconnect!(slow)
    expect(guard.onConnection!(slow)).toBeUndefined()
  }
})

test('connections are counted for each client, and the policy’s proxies may have any number', () => {
  const guard = slowClients({ connections: 2 }, setup())
  const enter = (parts: Partial<Connection> = {}) => guard.onConnection!(connection(parts))?.status ?? 'passes'
  expect([enter(), enter(), enter()]).toEqual(['passes', 'passes', 429])
  expect(enter({ client: '203.0.113.8' })).toBe('passes')
  guard.onDisconnect!(connection())
  expect([enter(), enter()]).toEqual(['passes', 429])
  const proxy = { client: '10.0.0.1', trusted: true }
  expect([enter(proxy), enter(proxy), enter(proxy)]).toEqual(['passes', 'passes', 'passes'])
  guard.onDisconnect!(connection(proxy))
})

/** A server under the default policy and these options, with a way to open connections to it. */
async function serve<T>(
  options: SlowClientsOptions,
  listener: http.RequestListener,
  run: (port: number, events: SecurityEvent[]) => Promise<T>,
  server: http.Server = http.createServer(),
): Promise<T> {
  const events: SecurityEvent[] = []
  server.on('request', listener)
  secure(server, { slowClients: options, onEvent: (event) => void events.push(event) })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  try {
    return await run((server.address() as AddressInfo).port, events)
  } finally {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
}

/** Everything the server says until it closes, or `open` when it has not after so long. */
function listen(socket: Socket, ms: number): Promise<string> {
  let text = ''
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`open ${text}`), ms)
    socket.on('data', (chunk) => (text += String(chunk)))
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(`closed ${text}`)
    })
  })
}

// All of them mostly wait.
describe.concurrent('over real connections', () => {
  const answer: http.RequestListener = (req, res) => void req.resume().on('end', () => res.end('here'))
  const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

  test('a closed connection makes room for another', async () => {
    await serve({ connections: 2 }, answer, async (port, events) => {
      for (let i = 0; i < 6; i++) {
        const socket = connect(port, '127.0.0.1')
        const closed = new Promise((done) => socket.once('close', done))
        socket.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        expect(await listen(socket, 5000)).toContain('200 OK')
        await closed
      }
      expect(events.filter(({ risk }) => risk === 'connection-exhaustion')).toEqual([])
    })
  })

  test('what is too slow is told so, what says nothing is closed, and an idle kept-alive connection stays', async () => {
    await serve({ head: 300, body: 300 }, answer, async (port) => {
      const open = (text: string): Socket => {
        const socket = connect(port, '127.0.0.1')
        socket.on('connect', () => socket.write(text))
        return socket
      }
      const silent = connect(port, '127.0.0.1')
      const all = await Promise.all([
        listen(open('GET / HT'), 8000),
        listen(
          open('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 50\r\n\r\nabc'),
          8000,
        ),
        listen(silent, 8000),
        listen(open(GET), 2200),
      ])
      expect(all[0]).toMatch(/^closed HTTP\/1\.1 408 /)
      expect(all[1]).toMatch(/^closed HTTP\/1\.1 408 /)
      expect(all[2]).toBe('closed ')
      expect(all[3]).toMatch(/^open HTTP\/1\.1 200 /)
    })
  })

  test('a client is not blamed for an app that does not read', async () => {
    const late: http.RequestListener = (req, res) =>
      void setTimeout(() => {
        let bytes = 0
        req.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => res.end(`got ${bytes}`))
      }, 3000)
    const body = 'x'.repeat(3 * 1024 * 1024)
    await serve({ body: 300, minRate: '10mb' }, late, async (port) => {
      const head = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
      const socket = connect(port, '127.0.0.1')
      socket.on('connect', () => socket.write(head + body))
      expect(await listen(socket, 15_000)).toContain(`got ${body.length}`)
    })
  })

  test('on HTTPS each connection counts once, and neither its handshake nor its requests look slow', async () => {
    const secret = { identity: 'test', psk: Buffer.from('0123456789abcdef0123456789abcdef', 'hex') }
    const tls = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const
    const server = https.createServer({ ...tls, pskCallback: () => secret.psk, pskIdentityHint: 'test' })
    await serve(
      { connections: 2, head: 300 },
      answer,
      async (port) => {
        const open = (): Promise<string> => {
          const socket = connectTls({
            ...tls,
            host: '127.0.0.1',
            port,
            pskCallback: () => secret,
            checkServerIdentity: () => undefined,
          })
          socket.on('secureConnect', () => socket.write(GET))
          return listen(socket, 2200)
        }
        const handshakeNeverBegins = listen(connect(port, '127.0.0.1'), 8000)
        const first = await open()
        expect(first).toMatch(/^open HTTP\/1\.1 200 /)
        expect(await handshakeNeverBegins).toBe('closed ')
        const [second, third] = [open(), open()]
        const answers = await Promise.all([second, third])
        expect(answers.filter((text) => text.includes('200 OK'))).toHaveLength(1)
      },
      server as unknown as http.Server,
    )
  })
})

const bad: readonly [string, object, RegExp][] = [
  ['a head without a unit', { head: '8' }, /BULWARK_DURATION_INVALID[\s\S]*policy\.slowClients\.head/],
  ['no time for a body', { body: 0 }, /BULWARK_DURATION_INVALID[\s\S]*policy\.slowClients\.body/],
  ['a rate that is none', { minRate: 'fast' }, /BULWARK_SIZE_INVALID[\s\S]*policy\.slowClients\.minRate/],
  ['no connections', { connections: 0 }, /BULWARK_LIMIT_INVALID[\s\S]*policy\.slowClients\.connections/],
  ['an endless keep-alive', { keepAlive: 'for ever' }, /BULWARK_DURATION_INVALID[\s\S]*keepAlive/],
]
for (const [what, options, error] of bad) {
  test(`${what}: refused at start-up`, () => {
    expect(() => slowClients(options as SlowClientsOptions, setup())).toThrow(error)
  })
}
