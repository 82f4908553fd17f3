import http from 'node:http'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ReportedEvent } from '../../../core/event.ts'
import type { SinkExchange, Stance } from '../../../core/sink.ts'
import { BlockedError } from '../../../firewall/consult.ts'
import { runIn } from '../../../firewall/context.ts'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { guardConnections } from './guard-connections.ts'

const events: ReportedEvent[] = []
/** What arrived at the inner machine. */
const arrived: string[] = []
const inner = http.createServer((req, res) => {
  arrived.push(req.url ?? '')
  if (req.url?.startsWith('/to?') === true) {
    res.writeHead(302, { location: decodeURIComponent(req.url.slice(4)) }).end()
  } else res.end('inner')
})
let port = 0

beforeAll(async () => {
  guardConnections({ allow: ['public.example'] })
  await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', () => resolve()))
  port = (inner.address() as AddressInfo).port
})
afterAll(() => {
  inner.closeAllConnections()
  inner.close()
})
afterEach(() => {
  events.length = 0
  arrived.length = 0
})

/** Runs a piece of an app that was sent a text. */
function sent<T>(text: string, run: () => T, stance: Stance = 'enforce'): T {
  const untrusted = new ClientTexts({
    target: `/?q=${encodeURIComponent(text)}`,
    rawHeaders: [],
    bodyBytes: 0,
    bodyForSinks: [],
    client: 'a',
    header: () => undefined,
  })
  const exchange: SinkExchange = {
    id: '0123456789abcdef',
    untrusted,
    stanceOf: () => stance,
    report: (event) => void events.push(event),
  }
  return runIn(exchange, run)
}

const lookup: net.LookupFunction = (_host, { all }, callback) => {
  if (all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

function get(url: string, options: http.RequestOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get(url, options, (res) => {
        let text = ''
        res.on('data', (chunk) => {
          text += String(chunk)
        })
        res.on('end', () => resolve(text))
      })
      .on('error', reject)
  })
}

function settled(emitter: NodeJS.EventEmitter, good: string): Promise<unknown> {
  return new Promise((resolve) => emitter.once(good, () => resolve(good)).once('error', resolve))
}

const at = (host = '127.0.0.1'): string => `http://${host}:${port}/`

describe('an inner address that the client named is not reached', () => {
  const ways: Readonly<Record<string, () => Promise<unknown>>> = {
    fetch: () => fetch(at()),
    'fetch of a name': () => fetch(at('localhost')),
    'http.get': () => get(at()),
    'http.get of a name, by a lookup of its own': () => get(at('rebind.example'), { lookup }),
    'http.get without an agent': () => get(at(), { agent: false }),
    'net.connect': async () => Promise.reject(await settled(net.connect(port, '127.0.0.1'), 'connect')),
    'new net.Socket': async () => {
      const socket = new net.Socket()
      return Promise.reject(await settled(socket.connect({ port, host: 'localhost' }), 'connect'))
    },
    'tls.connect': async () => Promise.reject(await settled(tls.connect({ port, host: '127.0.0.1' }), 'secureConnect')),
    'http2.connect': async () => Promise.reject(await settled(http2.connect(at()), 'connect')),
  }
  test.each(Object.entries(ways))('by %s', async (_name, way) => {
    const all = 'http://127.0.0.1 http://localhost http://rebind.example'
    await expect(sent(all, way)).rejects.toBeInstanceOf(BlockedError)
    expect(arrived).toEqual([])
    expect(events).toMatchObject([{ guard: 'ssrf', risk: 'ssrf', outcome: 'denied' }])
  })

  test('by a socket that is written to at once', async () => {
    const socket = sent('127.0.0.1', () => net.connect(port, '127.0.0.1'))
    socket.write('GET /written HTTP/1.0\r\n\r\n', () => {})
    expect(await settled(socket, 'connect')).toBeInstanceOf(BlockedError)
    expect(arrived).toEqual([])
  })
})

describe('a socket that is open already', () => {
  test('is not used for an address that the client named, by http', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    expect(await get(`${at()}own`, { agent })).toBe('inner')
    await expect(sent(at(), () => get(`${at()}attack`, { agent }))).rejects.toBeInstanceOf(BlockedError)
    expect(arrived).toEqual(['/own'])
    agent.destroy()
  })

  test('nor when the request had to wait for it', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const own = get(`${at()}own`, { agent })
    const attack = sent(at(), () => get(`${at()}attack`, { agent }))
    await expect(attack).rejects.toBeInstanceOf(BlockedError)
    expect(await own).toBe('inner')
    expect(arrived).toEqual(['/own'])
    agent.destroy()
  })

  test('nor by fetch', async () => {
    expect(await (await fetch(`${at()}own`)).text()).toBe('inner')
    // The socket is handed back when the answer has ended.
    await new Promise((done) => setTimeout(done, 30))
    await expect(sent(at(), () => fetch(`${at()}attack`))).rejects.toBeInstanceOf(BlockedError)
    expect(arrived).toEqual(['/own'])
  })
})

describe('a redirect', () => {
  test('leads no further than the client could have gone by itself', async () => {
    // The name is allowed, as if it stood for a public address; where it leads to is not.
    const url = `http://public.example:${port}/to?${encodeURIComponent(at())}`
    const hop = await new Promise<string>((resolve) =>
      sent(url, () =>
        http.get(url, { lookup }, (res) => {
          res.resume()
          res.on('end', () =>
            get(String(res.headers.location)).then(resolve, (error) => resolve((error as Error).name)),
          )
        }),
      ),
    )
    expect(hop).toBe('BlockedError')
    expect(arrived).toHaveLength(1)
  })

  test('of the app itself leads wherever it leads', async () => {
    const url = `${at()}to?${encodeURIComponent(`http://localhost:${port}/next`)}`
    const answer = await sent('harbour', () => fetch(url))
    expect([answer.status, arrived.at(-1)]).toEqual([200, '/next'])
  })
})

describe('a call passes', () => {
  test('when the client did not name it', async () => {
    expect(await (await sent('harbour', () => fetch(at()))).text()).toBe('inner')
    expect(await sent('harbour', () => get(at('localhost')))).toBe('inner')
    expect(events).toEqual([])
  })

  test('outside of any exchange', async () => {
    expect(await get(at())).toBe('inner')
  })

  test('with an event, while the policy observes', async () => {
    expect(await (await sent(at(), () => fetch(at('127.0.0.1')), 'observe')).text()).toBe('inner')
    expect(events).toMatchObject([{ outcome: 'observed' }])
  })

  test('without one, where it is off', async () => {
    expect(await sent(at(), () => get(at()), 'off')).toBe('inner')
    expect(events).toEqual([])
  })
})

test('a host that nobody answers for fails as it always did', async () => {
  const unknown: net.LookupFunction = (_host, _options, callback) => {
    callback(Object.assign(new Error('nobody'), { code: 'ENOTFOUND' }), '', 4)
  }
  const asked = sent('http://nobody.example', () => get('http://nobody.example', { lookup: unknown }))
  await expect(asked).rejects.toMatchObject({ code: 'ENOTFOUND' })
})
