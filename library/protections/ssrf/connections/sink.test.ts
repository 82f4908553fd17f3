import { describe, expect, test } from 'vitest'
import type { Untrusted } from '../../../core/sink.ts'
import { ClientTexts, type InputSource } from '../../../firewall/untrusted.ts'
import { parseAllowed } from '../judge/allow.ts'
import { type SsrfCall, ssrfSink } from './sink.ts'

const sink = ssrfSink(parseAllowed(['hooks.example:8443', '10.1.0.0/16', '*.inner.example'], 'allow'))

interface Sent {
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
}

function clientOf({ url, headers = {}, json }: Sent): Untrusted {
  const all: Record<string, string> = { host: 'app.example:3000', ...headers }
  if (json !== undefined) all['content-type'] = 'application/json'
  const body = json === undefined ? [] : [Buffer.from(JSON.stringify(json))]
  const source: InputSource = {
    target: url === undefined ? '/' : `/?url=${encodeURIComponent(url)}`,
    rawHeaders: Object.entries(all).flat(),
    bodyBytes: body.reduce((sum, { length }) => sum + length, 0),
    bodyForSinks: body,
    client: 'a',
    header: (name) => all[name],
  }
  return new ClientTexts(source)
}

const isRefused = (call: SsrfCall, sent: Sent): boolean => sink.judge(call, clientOf(sent)) !== undefined
const local = { host: '127.0.0.1', address: '127.0.0.1', port: 80 }

describe('an inner address is refused when the client wrote', () => {
  test.each([
    'http://127.0.0.1/',
    'HTTP://127.0.0.1:8080/a',
    'http:127.0.0.1',
    'http:/127.0.0.1',
    'http:\\\\127.0.0.1\\a',
    '//127.0.0.1/',
    '\\\\127.0.0.1/',
    '127.0.0.1',
    '127.0.0.1:80/latest?x=',
    '127.0.0.1#',
    '::ffff:7f00:1',
    '127.0.0.1|80',
    'name,127.0.0.1,x',
    'see ![it](http:/127.0.0.1/a)',
    '<img src="http:\\\\127.0.0.1/a">',
    'user:pw@127.0.0.1',
    'http://good.example@127.0.0.1/',
    'http://2130706433/',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '127.1',
    '0177.0.0.1',
    '017700000001',
    '[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]/',
    'http://①②⑦.0.0.1/',
    'http://127。0。0。1/',
    'http%3A%2F%2F127.0.0.1%2F',
    Buffer.from('http://127.0.0.1/').toString('base64'),
    '<image href="http://127.0.0.1/x"/>',
    'see http://127.0.0.1/ and (http://a.example)',
    '\thttp://127.0.0.1/',
    'http://127.0.\n0.1/',
    'http://127.0.0.1./',
  ])('%j', (url) => {
    expect(isRefused(local, { url })).toBe(true)
  })

  test('a name that stands for it, in any case, with a dot, with a port or in part', () => {
    const named = { host: 'rebind.evil.example', address: '10.0.0.7', port: 8080 }
    for (const url of ['http://REBIND.evil.example', 'rebind.evil.example.', 'rebind.evil.example:1', 'evil.example'])
      expect.soft(isRefused(named, { url }), url).toBe(true)
  })

  test('a name of one word', () => {
    expect(isRefused({ host: 'redis', address: '172.17.0.2', port: 6379 }, { url: 'redis' })).toBe(true)
    expect(isRefused({ host: 'localhost', address: '::1', port: 80 }, { url: 'http://LOCALHOST/' })).toBe(true)
    expect(isRefused({ host: 'localhost', address: '::1', port: 80 }, { url: 'http://%6cocal\u00adhost/' })).toBe(true)
  })

  test('a number or nothing at all', () => {
    expect(isRefused(local, { json: { ip: 2130706433 } })).toBe(true)
    expect(isRefused({ host: '0.0.0.0', address: '0.0.0.0', port: 80 }, { json: { ip: '0' } })).toBe(true)
  })

  test('it in a body, a header or a link to somewhere else', () => {
    expect(isRefused(local, { json: { a: [{ b: 'http://127.0.0.1/' }] } })).toBe(true)
    expect(isRefused(local, { headers: { 'x-feed': 'http://127.0.0.1/' } })).toBe(true)
    expect(isRefused(local, { headers: { referer: 'http://127.0.0.1/' } })).toBe(true)
  })

  test('its path', () => {
    expect(isRefused({ path: '/var/run/docker.sock' }, { url: 'http://unix:/var/run/docker.sock:/containers' })).toBe(
      true,
    )
    expect(isRefused({ path: '/var/run/postgresql/.s.PGSQL.5432' }, { url: 'a/b' })).toBe(false)
  })
})

describe('the app calls what it likes', () => {
  test.each([
    'harbour',
    'http://good.example/',
    '127',
    '12',
    'a@b.example',
    'local',
    'http://127.0.0.10/',
    'the address is 127.0.0.1.',
  ])('while the client says %j', (url) => {
    expect(isRefused(local, { url })).toBe(false)
  })

  test('a public address that the client named', () => {
    expect(isRefused({ host: 'good.example', address: '1.1.1.1', port: 80 }, { url: 'http://good.example' })).toBe(
      false,
    )
  })

  test('its own machine, whatever the headers of the way say', () => {
    const headers = {
      host: '127.0.0.1:3000',
      origin: 'http://127.0.0.1:3000',
      referer: 'http://127.0.0.1:3000/page?x=1',
      'x-forwarded-for': '127.0.0.1, 10.0.0.9',
      'x-forwarded-host': '127.0.0.1',
      forwarded: 'for=127.0.0.1',
      'x-real-ip': '127.0.0.1',
    }
    expect(isRefused({ ...local, port: 9200 }, { headers })).toBe(false)
    expect(isRefused({ ...local, port: 9200 }, { headers, url: 'http://127.0.0.1:3000/back' })).toBe(false)
    // The app itself, and any other machine, can still be named.
    expect(isRefused({ ...local, port: 3000 }, { headers, url: 'http://127.0.0.1:3000/admin' })).toBe(true)
    expect(isRefused({ ...local, port: 9200 }, { headers, url: 'http://127.0.0.1:9200/' })).toBe(true)
    expect(isRefused({ ...local, port: 9200 }, { headers, url: 'http://127.0.0.1/' })).toBe(true)
  })

  test('what its owner allowed', () => {
    const to = (host: string, address: string, port: number): boolean =>
      isRefused({ host, address, port }, { url: `http://${host}:${port}/` })
    expect(to('hooks.example', '192.168.0.1', 8443)).toBe(false)
    expect(to('hooks.example', '192.168.0.1', 8080)).toBe(true)
    expect(to('10.1.2.3', '10.1.2.3', 80)).toBe(false)
    expect(to('10.2.2.3', '10.2.2.3', 80)).toBe(true)
    expect(to('a.inner.example', '192.168.0.1', 80)).toBe(false)
    expect(to('ainner.example', '192.168.0.1', 80)).toBe(true)
  })
})

test('the metadata behind a name of nobody is refused whoever wrote it, and the name of the provider is not', () => {
  const address = '169.254.169.254'
  expect(isRefused({ host: 'stored.evil.example', address, port: 80 }, {})).toBe(true)
  expect(isRefused({ host: 'metadata.google.internal', address, port: 80 }, {})).toBe(false)
  expect(isRefused({ host: address, address, port: 80 }, {})).toBe(false)
  expect(isRefused({ host: 'metadata.google.internal', address, port: 80 }, { url: 'metadata.google.internal' })).toBe(
    true,
  )
})

test('what a redirect leads to is named by whoever named its beginning', () => {
  const client = clientOf({ url: 'http://evil.example/start' })
  sink.redirected('http://own.example', 'http://127.0.0.1/', client)
  expect(sink.judge(local, client)).toBeUndefined()
  sink.redirected('http://evil.example', 'http://hop.example/', client)
  expect(sink.judge(local, client)).toBeUndefined()
  sink.redirected('http://hop.example', '//127.0.0.1/', client)
  expect(sink.judge(local, client)).toMatchObject({ risk: 'ssrf', status: 403 })
})

test('what there was no room to take apart still counts', () => {
  const list = Array.from({ length: 30_000 }, (_, i) => `word${i}`)
  expect(isRefused({ host: 'inner.corp', address: '10.0.0.1', port: 80 }, { json: [...list, 'x'] })).toBe(false)
  expect(
    isRefused({ host: 'inner.corp', address: '10.0.0.1', port: 80 }, { json: [...list, 'http://inner.corp'] }),
  ).toBe(true)
})

test.each(['', 'http://a.example', '*.com', '10.0.0.7/8', 'a b', '*'])('%j allows nothing and is refused', (entry) => {
  expect(() => parseAllowed(['a.example', entry], 'allow')).toThrow(/BULWARK_POLICY_INVALID[\s\S]*allow\[1\]/)
})
