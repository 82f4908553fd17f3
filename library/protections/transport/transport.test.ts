import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { off } from '../../core/policy.ts'
import type { Answer } from '../../core/probe.ts'
import type { Victim } from '../../core/victim.ts'
import { exchange, setup, type TestExchange } from '../../testing/exchange.ts'
import { makeAuthority } from '../../transport/authority.ts'
import { modernTls } from '../../transport/modern.ts'
import { parseName } from '../../transport/names.ts'
import { signCertificate } from '../../transport/x509.ts'
import { type TransportOptions, transport } from './guard.ts'
import { probes } from './probe.ts'
import { handshakeProbes } from './probe-handshake.ts'
import { clearlyLoaded } from './probe-page.ts'
import { rules } from './rule.ts'
import { careless, victim } from './victim.ts'

const authority = await makeAuthority()
const leaf = modernTls(await authority.issue(['shop.test', 'localhost', '127.0.0.1']))

/** As it came with a tutorial: out of date, for another site, with a key that can be found out, and nobody vouches for it. */
async function found(): Promise<{ key: string; cert: string }> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const publicKey = createPublicKey(privateKey)
  const cert = await signCertificate({
    subject: 'tutorial.example',
    issuer: 'tutorial.example',
    names: [parseName('tutorial.example')],
    publicKey,
    signingKey: privateKey,
    issuerKey: publicKey,
    notBefore: new Date('2019-03-01'),
    notAfter: new Date('2020-03-01'),
    usage: 'server',
  })
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert }
}

const carefully: Victim = (app) => victim(app)

// No guard is asked about a handshake: who serves the app decides.
prove('transport', {
  victim,
  fixed: carefully,
  probes: handshakeProbes,
  served: { careless: { ...careless, ...(await found()) }, careful: leaf, ca: authority.cert },
})

const BY_HEADERS = 'headers stops it by its own headers'
prove('transport', {
  victim,
  probes: probes.filter((probe) => !handshakeProbes.includes(probe)),
  rules,
  policy: { origins: ['https://shop.test'], transport: { requireHttps: 'always' } },
  served: { careless: leaf, careful: leaf, ca: authority.cert, plain: true },
  alsoStoppedBy: {
    'transport/no-hsts': BY_HEADERS,
    'transport/mixed-content': BY_HEADERS,
    'transport/cookie-over-plain': 'cookies adds Secure to each cookie that is set over HTTPS',
  },
})

const ORIGINS = ['https://shop.example', 'https://www.shop.example:8443', 'http://old.example']

function judged(x: TestExchange, options: TransportOptions = {}, origins: readonly string[] = ORIGINS): unknown {
  const guard = transport(options, setup({ origins, production: true }))
  const verdict = guard.onRequest?.(x) as { reply?: number; status?: number; headers?: Record<string, string> }
  if (verdict === undefined) return undefined
  return verdict.reply === undefined ? verdict.status : `${verdict.reply} ${verdict.headers?.['Location']}`
}

/** As a named proxy hands it on. */
function forwarded(proto: string | undefined, parts: Parameters<typeof exchange>[0] = {}): TestExchange {
  const headers = { ...(proto !== undefined && { 'x-forwarded-proto': proto }), ...parts.headers }
  return exchange({ url: 'http://shop.example/a?b=c', ...parts, proxied: true, headers })
}

describe('a request of which a named proxy says that it began over plain HTTP', () => {
  const HOME = '308 https://shop.example/a?b=c'
  test.each<[string, TestExchange, unknown]>([
    ['a page is sent on', forwarded('http'), HOME],
    ['by the last hop', forwarded('https, http'), HOME],
    ['a HEAD is sent on', forwarded('http', { method: 'HEAD' }), HOME],
    [
      'a page is sent on to the port of its origin',
      forwarded('http', { url: 'http://www.shop.example/' }),
      '308 https://www.shop.example:8443/',
    ],
    ['any letter case is the same host', forwarded('http', { headers: { host: 'SHOP.example' } }), HOME],
    ['a form is refused', forwarded('http', { method: 'POST' }), 403],
    ['what carries a token is refused', forwarded('http', { headers: { authorization: 'Bearer x' } }), 403],
    ['what wants data is refused', forwarded('http', { headers: { accept: 'application/json' } }), 403],
    ['a WebSocket is refused', forwarded('http', { upgrade: true }), 403],
    ['a second slash leads nowhere else', forwarded('http', { target: '//elsewhere.example/' }), 403],
    ['nor does a backslash', forwarded('http', { target: '/\\elsewhere.example/' }), 403],
    ['nor does an absolute target', forwarded('http', { target: 'http://elsewhere.example/' }), 403],
    ['nor does a line break', forwarded('http', { target: '/\r\nSet-Cookie:a=b' }), 403],
    [
      'a host that the policy serves in the clear is served',
      forwarded('http', { url: 'http://old.example/' }),
      undefined,
    ],
    ['a host inside is left to others', forwarded('http', { url: 'http://inside:3000/' }), undefined],
    ['what began over HTTPS is served', exchange({ proxied: true }), undefined],
    ['what nobody says anything of is served', forwarded(undefined), undefined],
  ])('%s', (_, x, expected) => {
    expect(judged(x)).toBe(expected)
  })

  test('is believed only of a proxy that the policy names', () => {
    expect(judged(exchange({ url: 'http://shop.example/', headers: { 'x-forwarded-proto': 'http' } }))).toBeUndefined()
  })

  test("is nobody's concern without an https origin", () => {
    expect(judged(forwarded('http'), {}, [])).toBeUndefined()
  })
})

describe('where HTTPS is always required', () => {
  const ALWAYS = { requireHttps: 'always' } as const
  test.each<[string, TestExchange, unknown]>([
    ['a page is sent on', exchange({ url: 'http://shop.example/' }), '308 https://shop.example/'],
    ['another host is refused and not sent anywhere', exchange({ url: 'http://elsewhere.example/' }), 403],
    ['a host of an http origin is refused too', exchange({ url: 'http://old.example/' }), 403],
    ['what came over HTTPS is served', exchange(), undefined],
  ])('%s', (_, x, expected) => {
    expect(judged(x, ALWAYS)).toBe(expected)
  })

  test.each([{ 'x-forwarded-proto': 'https' }, { 'sec-fetch-site': 'none' }])(
    'what says %j is not sent round in circles but refused, and told once',
    (headers) => {
      const guard = transport(ALWAYS, setup({ origins: ORIGINS, production: true }))
      const visits = [0, 1].map(() => exchange({ url: 'http://shop.example/', headers }))
      expect(visits.map((x) => guard.onRequest?.(x))).toMatchObject([{ status: 403 }, { status: 403 }])
      expect(visits.map(({ events }) => events.length)).toEqual([1, 0])
      expect(visits[0]?.events[0]?.fix).toContain('proxies')
    },
  )

  test('a route may be exempt, and only it', () => {
    const guard = transport(ALWAYS, setup({ origins: ORIGINS }))
    const contract = { transport: off('looked at from inside') }
    const [url, deferred] = ['http://shop.example/', true]
    expect(guard.onRequest?.(exchange({ url, deferred }))).toBeUndefined()
    expect(guard.onRoute?.(exchange({ url, deferred, contract }))).toBeUndefined()
    expect(guard.onRoute?.(exchange({ url, deferred }))).toMatchObject({ reply: 308 })
    expect(guard.onUnrouted?.(exchange({ url, deferred }))).toMatchObject({ reply: 308 })
    expect(guard.onRequest?.(exchange({ url }))).toMatchObject({ reply: 308 })
    // A WebSocket never gets to a route.
    expect(guard.onRequest?.(exchange({ url, upgrade: true }))).toMatchObject({ status: 403 })
  })
})

test('in production, visits to an https origin of which nobody says how they began are told once', () => {
  const guard = transport({}, setup({ origins: ORIGINS, production: true }))
  const visits = [0, 1].map(() => exchange({ url: 'http://shop.example/' }))
  for (const x of visits) expect(guard.onRequest?.(x)).toBeUndefined()
  expect(visits.map(({ events }) => events.length)).toEqual([1, 0])
})

test('a word that is no requirement keeps the app from starting', () => {
  const wrong = { requireHttps: 'sometimes' } as unknown as TransportOptions
  expect(() => transport(wrong, setup())).toThrow(/BULWARK_POLICY_INVALID.*policy\.transport\.requireHttps/s)
})

describe('mixed content', () => {
  const page = (text: string, policy?: string): string | undefined =>
    clearlyLoaded({
      isHtml: true,
      text,
      headers: policy === undefined ? {} : { 'content-security-policy': policy },
    } as unknown as Answer)
  const SCRIPT = '<script async src="http://count.example/a.js"></script>'
  test.each<[string, string | undefined, string | undefined]>([
    [SCRIPT, undefined, 'a script'],
    ["<SCRIPT SRC='http://count.example/a.js'>", undefined, 'a script'],
    ['<script src=http://count.example/a.js>', undefined, 'a script'],
    ['<form method=post action="http://shop.example/pay">', undefined, 'a form'],
    ['<link rel="stylesheet" href="http://a.example/a.css">', undefined, 'a style'],
    ['<link href="http://a.example/a.css" rel=stylesheet>', undefined, 'a style'],
    ['<iframe src="http://a.example/">', undefined, 'a frame'],
    ['<a href="http://a.example/">', undefined, undefined],
    ['<link rel="canonical" href="http://a.example/">', undefined, undefined],
    ['<script src="https://count.example/a.js">', undefined, undefined],
    ['<script src="http://localhost:35729/livereload.js">', undefined, undefined],
    ['<script src="http://localhost.example/a.js">', undefined, 'a script'],
    [SCRIPT, 'upgrade-insecure-requests', undefined],
    [SCRIPT, "script-src 'self'", undefined],
    [SCRIPT, "default-src 'self'", undefined],
    [SCRIPT, "default-src 'none'; script-src http:", 'a script'],
    [SCRIPT, 'script-src count.example', 'a script'],
    [SCRIPT, 'script-src *.example', 'a script'],
    [SCRIPT, "img-src 'self'", 'a script'],
    [SCRIPT, "img-src 'self', script-src 'self'", undefined],
    ['<form action="http://a.example/">', "default-src 'self'", 'a form'],
    ['<form action="http://a.example/">', "form-action 'self'", undefined],
  ])('%j under %j: %j', (text, policy, expected) => {
    expect(page(text, policy)).toBe(expected)
  })
})
