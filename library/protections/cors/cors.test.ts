import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import type { Reply } from '../../core/guard.ts'
import { off } from '../../core/policy.ts'
import { exchange, setup, type TestExchange } from '../../testing/exchange.ts'
import { type CorsOptions, cors } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('cors', { victim, probes, rules, sources: ['victim.ts', 'fixtures/packages.js'] })
// With a list the app's own headers are judged by it.
describe('with a list of origins', () => {
  prove('cors', { victim, probes, policy: { cors: { allow: ['https://shop.example'], credentials: true } } })
})

const SHOP = 'https://shop.example'
const LISTED: CorsOptions = { allow: [SHOP], credentials: true, expose: ['ETag'] }

function preflight(origin: string, method = 'OPTIONS'): TestExchange {
  return exchange({
    method,
    headers: { origin, 'access-control-request-method': 'PUT', 'sec-fetch-site': 'cross-site' },
  })
}

function answer(origin: string | undefined, headers: Record<string, string> = {}, contract?: object): TestExchange {
  return exchange({ headers: { origin }, response: { headers }, contract })
}

const lax = (origin: string): Record<string, string> => ({
  'Access-Control-Allow-Origin': origin,
  'Access-Control-Allow-Credentials': 'true',
})

test('a preflight from a listed origin is answered at once', () => {
  const reply = cors({ ...LISTED, headers: ['X-Trace'], maxAge: '1h' }, setup()).onRequest!(preflight(SHOP)) as Reply
  expect(reply.reply).toBe(204)
  expect(reply.headers).toEqual({
    'Access-Control-Allow-Origin': SHOP,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'Access-Control-Allow-Headers': expect.stringContaining('Content-Type') as string,
    'Access-Control-Max-Age': '3600',
    Vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  })
  expect(reply.headers?.['Access-Control-Allow-Headers']).toMatch(/, X-Trace$/)
})

test.each([
  'https://evil.example',
  'null',
  'https://shop.example.evil.example',
  'https://evilshop.example',
  'http://shop.example',
  'https://shop.example:8443',
  'https://SHOP.example',
  'https://shop.example/',
  'https://shop.example, https://evil.example',
  '',
])('a preflight from %j is denied, and its answers stay unreadable', (origin) => {
  const guard = cors(LISTED, setup())
  expect(guard.onRequest!(preflight(origin))).toMatchObject({ status: 403, risk: 'cors-misconfiguration' })
  const x = answer(origin, lax(origin))
  guard.onResponse!(x)
  expect([...x.sent.keys()]).toEqual(['vary'])
  expect(x.events).toHaveLength(1)
})

test('OPTIONS without the two headers of a preflight goes to the app', () => {
  const guard = cors(LISTED, setup())
  expect(guard.onRequest!(exchange({ method: 'OPTIONS' }))).toBeUndefined()
  expect(guard.onRequest!(exchange({ method: 'OPTIONS', headers: { origin: 'https://evil.example' } }))).toBeUndefined()
  expect(guard.onRequest!(preflight('https://evil.example', 'PUT'))).toBeUndefined()
})

test('without a list preflights go to the app', () => {
  expect(cors({}, setup({ origins: ['https://app.example'] })).onRequest!(preflight(SHOP))).toBeUndefined()
})

test('a listed origin may read, and caches keep the answers apart', () => {
  const guard = cors(LISTED, setup())
  const x = answer(SHOP, { 'Access-Control-Allow-Origin': '*' })
  guard.onResponse!(x)
  expect(Object.fromEntries(x.sent)).toEqual({
    'access-control-allow-origin': SHOP,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'ETag',
    vary: 'Origin',
  })
  const own = answer(undefined)
  guard.onResponse!(own)
  expect(Object.fromEntries(own.sent)).toEqual({ vary: 'Origin' })
})

test('without credentials no cookies are allowed', () => {
  const guard = cors({ allow: [SHOP] }, setup())
  const x = answer(SHOP)
  guard.onResponse!(x)
  expect(x.sent.has('access-control-allow-credentials')).toBe(false)
  expect((guard.onRequest!(preflight(SHOP)) as Reply).headers).not.toHaveProperty('Access-Control-Allow-Credentials')
})

test("one of the app's own origins may read the other", () => {
  const x = answer('https://admin.app.example')
  cors({}, setup({ origins: ['https://app.example', 'https://admin.app.example'] })).onResponse!(x)
  expect(x.sent.get('access-control-allow-origin')).toBe('https://admin.app.example')
})

test('a request of the own page needs no permission', () => {
  const x = exchange({ headers: { origin: 'https://app.example', 'sec-fetch-site': 'same-origin' } })
  cors(LISTED, setup({ origins: ['https://app.example'] })).onResponse!(x)
  expect(x.sent.size).toBe(0)
})

const kept: readonly [string, Record<string, string>][] = [
  ['everybody without credentials', { 'access-control-allow-origin': '*' }],
  ['everybody with credentials, which browsers refuse', lax('*')],
  ['the origin without credentials', { 'access-control-allow-origin': 'https://evil.example' }],
  ['another origin with credentials', lax(SHOP)],
  [
    'credentials spelt so that browsers refuse them',
    { ...lax('https://evil.example'), 'Access-Control-Allow-Credentials': 'yes' },
  ],
]
test.each(kept)('without a list the app may allow %s', (_, headers) => {
  const x = answer('https://evil.example', headers)
  cors({}, setup()).onResponse!(x)
  expect(x.sent.size).toBe(Object.keys(headers).length)
  expect(x.events).toEqual([])
})

test('a permission for one that is not listed is taken out, and told once per route', () => {
  const guard = cors({}, setup())
  const go = (path: string): TestExchange => {
    const x = exchange({
      headers: { origin: 'https://evil.example' },
      response: { headers: lax(' https://evil.example ') },
      route: { method: 'GET', path, at: undefined, contract: undefined },
    })
    guard.onResponse!(x)
    return x
  }
  const all = [go('/a'), go('/a'), go('/b')]
  expect(all.map((x) => x.sent.size)).toEqual([0, 0, 0])
  expect(all.map((x) => x.events.length)).toEqual([1, 0, 1])
})

test('in observe mode the permission stays, and is told', () => {
  const x = answer('https://evil.example', lax('https://evil.example'))
  cors({ mode: 'observe' }, setup()).onResponse!(x)
  expect(x.sent.size).toBe(2)
  expect(x.events).toMatchObject([{ outcome: 'observed' }])
})

test('everybody may read what is public, and nobody with cookies', () => {
  const guard = cors({ allow: '*' }, setup())
  const [open, reflecting] = [answer('https://any.example'), answer('https://any.example', lax('https://any.example'))]
  guard.onResponse!(open)
  guard.onResponse!(reflecting)
  expect(open.sent.get('access-control-allow-origin')).toBe('*')
  expect(reflecting.sent.has('access-control-allow-credentials')).toBe(false)
  const reply = guard.onRequest!(preflight('https://any.example')) as Reply
  expect(reply.headers).toMatchObject({ 'Access-Control-Allow-Origin': '*' })
  expect(reply.headers).not.toHaveProperty('Access-Control-Allow-Credentials')
})

test("a route's own list counts for its answers, and for no other route's", () => {
  const contract = { cors: { allow: ['https://partner.example'], credentials: true } }
  const guard = cors({ allow: [SHOP] }, setup())
  guard.onRoutes!([{ method: 'GET', path: '/feed', at: undefined, contract }])
  expect(guard.onRequest!(preflight('https://partner.example'))).toMatchObject({ reply: 204 })
  const [own, other, shop] = [
    answer('https://partner.example', {}, contract),
    answer('https://partner.example'),
    answer(SHOP, {}, contract),
  ]
  for (const x of [own, other, shop]) guard.onResponse!(x)
  expect(own.sent.get('access-control-allow-origin')).toBe('https://partner.example')
  expect(other.sent.has('access-control-allow-origin')).toBe(false)
  expect(shop.sent.has('access-control-allow-origin')).toBe(false)
})

test('a route that is off is left alone, and preflights reach it', () => {
  const contract = { cors: off('the partner library sets its own headers') }
  const guard = cors(LISTED, setup())
  guard.onRoutes!([{ method: 'GET', path: '/widget', at: undefined, contract }])
  expect(guard.onRequest!(preflight('https://partner.example'))).toBeUndefined()
  const x = answer('https://partner.example', lax('https://partner.example'), contract)
  guard.onResponse!(x)
  expect(x.sent.size).toBe(2)
  const asked = preflight('https://partner.example')
  for (const [name, value] of Object.entries(lax('https://partner.example'))) asked.response.setHeader(name, value)
  guard.onResponse!(asked)
  expect(asked.sent.size).toBe(2)
  const other = answer('https://partner.example', lax('https://partner.example'))
  guard.onResponse!(other)
  expect(other.sent.has('access-control-allow-origin')).toBe(false)
})

test('a list that lets everybody in with cookies cannot be written', () => {
  const unsafe = { allow: '*', credentials: true } as unknown as CorsOptions
  expect(() => cors(unsafe, setup())).toThrow(/BULWARK_POLICY_UNSAFE[\s\S]*policy\.cors\.credentials/)
  const contract = { cors: unsafe }
  expect(() =>
    cors({}, setup()).onRoutes!([{ method: 'GET', path: '/', at: undefined, contract: contract as object }]),
  ).toThrow(/contract\.cors\.credentials/)
})

test.each([
  [{ allow: ['null'] }, 'policy.cors.allow[0]'],
  [{ allow: [SHOP, '*'] }, 'policy.cors.allow[1]'],
  [{ allow: ['https://*.shop.example'] }, 'policy.cors.allow[0]'],
  [{ allow: [/shop/] }, 'policy.cors.allow[0]'],
  [{ allow: [() => true] }, 'policy.cors.allow[0]'],
  [{ allow: SHOP }, 'policy.cors.allow'],
  [{ allow: true }, 'policy.cors.allow'],
  [{ maxAge: '30d' }, 'policy.cors.maxAge'],
  [{ maxAge: 'soon' }, 'policy.cors.maxAge'],
  [{ headers: ['*, x'] }, 'policy.cors.headers[11]'],
  [{ expose: ['a\r\nb'] }, 'policy.cors.expose[0]'],
  [{ methods: ['GET POST'] }, 'policy.cors.methods[0]'],
])('options that mean something else are refused at start-up: %j', (options, at) => {
  let error: unknown
  try {
    cors(options as unknown as CorsOptions, setup())
  } catch (caught) {
    error = caught
  }
  expect(error).toMatchObject({ at })
})
