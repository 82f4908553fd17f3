import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import type { Setup } from '../../core/policy.ts'
import { exchange, setup, type TestExchange } from '../../testing/exchange.ts'
import { type Cookies, cookies } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { cookieSigner } from './signer.ts'
import { fixed, victim } from './victim.ts'

const FLAGS = ['cookies/no-http-only', 'cookies/no-same-site']

prove('cookies', {
  victim,
  probes: probes.filter(({ name }) => FLAGS.includes(name)),
  rules,
  sources: ['victim.ts', 'fixtures/session.js'],
})
// What a cookie is called and says is the app's: there the app has to use the protection itself.
describe('with sealed cookies', () => {
  prove('cookies', { victim, fixed, probes })
})

const KEY = 'k3y-0123456789-abcdefghijklmnopqrstuvwxyz'
const OTHER = 'other-9876543210-zyxwvutsrqponmlkjihgfedc'

function leave(
  lines: string | readonly string[],
  x: Partial<Parameters<typeof exchange>[0]> = {},
  options = {},
): TestExchange {
  const made = exchange({ ...x, response: { headers: { 'set-cookie': lines } } })
  cookies(options, setup()).onResponse!(made)
  return made
}

const HTTP = { url: 'http://localhost:3000/' }
const hardened: readonly [string, string, object, object, string][] = [
  ['a bare cookie over https', 'a=1', {}, {}, 'a=1; Secure; HttpOnly; SameSite=Lax'],
  ['a bare cookie on a development host', 'a=1', HTTP, {}, 'a=1; HttpOnly; SameSite=Lax'],
  [
    'one that has everything',
    'a=1; secure; HTTPONLY; samesite=strict',
    {},
    {},
    'a=1; secure; HTTPONLY; samesite=strict',
  ],
  ['SameSite=None over https', 'a=1; SameSite=None', {}, {}, 'a=1; SameSite=None; Secure; HttpOnly'],
  ['SameSite=None over http', 'a=1; SameSite=None', HTTP, {}, 'a=1; HttpOnly; SameSite=Lax'],
  [
    'a SameSite that browsers do not know',
    'a=1; SameSite=yes; Path=/',
    {},
    {},
    'a=1; Path=/; Secure; HttpOnly; SameSite=Lax',
  ],
  ['an empty SameSite', 'a=1; SameSite', {}, {}, 'a=1; Secure; HttpOnly; SameSite=Lax'],
  ['one that scripts read', 'theme=1', {}, { readable: ['theme'] }, 'theme=1; Secure; SameSite=Lax'],
  [
    'a name in other letters is another name',
    'Theme=1',
    {},
    { readable: ['theme'] },
    'Theme=1; Secure; HttpOnly; SameSite=Lax',
  ],
  ['the token of a double-submit defence', 'XSRF-TOKEN=1', {}, {}, 'XSRF-TOKEN=1; Secure; SameSite=Lax'],
  [
    'its own host as domain',
    'a=1; Domain=APP.example; Path=/x',
    {},
    {},
    'a=1; Domain=APP.example; Path=/x; Secure; HttpOnly; SameSite=Lax',
  ],
  ['a wider domain', 'a=1; Domain=example; Path=/', {}, {}, 'a=1; Path=/; Secure; HttpOnly; SameSite=Lax'],
  ['a wider domain with a dot', 'a=1; domain=.example', {}, {}, 'a=1; Secure; HttpOnly; SameSite=Lax'],
  [
    'a wider domain that is shared',
    'a=1; Domain=.corp.example',
    { url: 'https://x.corp.example/' },
    { domains: ['corp.example'] },
    'a=1; Domain=.corp.example; Secure; HttpOnly; SameSite=Lax',
  ],
  ['flags inside the value', 'a=HttpOnly Secure', {}, {}, 'a=HttpOnly Secure; Secure; HttpOnly; SameSite=Lax'],
  ['a cookie without a name', '__Host-a', {}, {}, '__Host-a; Secure; HttpOnly; SameSite=Lax'],
]

for (const [what, line, parts, options, expected] of hardened) {
  test(`the guard sends ${what} as it should be`, () => {
    expect(leave(line, parts, options).sent.get('set-cookie')).toEqual([expected])
  })
}

test('with an https origin in the policy Secure is added behind any proxy, and not on localhost', () => {
  const guard = cookies({}, setup({ origins: ['https://app.example'] }))
  const make = (url: string) => exchange({ url, response: { headers: { 'set-cookie': 'a=1' } } })
  const [behind, local] = [make('http://app.example/'), make('http://localhost/')]
  guard.onResponse!(behind)
  guard.onResponse!(local)
  expect(behind.sent.get('set-cookie')).toEqual(['a=1; Secure; HttpOnly; SameSite=Lax'])
  expect(local.sent.get('set-cookie')).toEqual(['a=1; HttpOnly; SameSite=Lax'])
})

test('an answer without cookies stays without', () => {
  const x = exchange()
  cookies({}, setup()).onResponse!(x)
  expect(x.sent.has('set-cookie')).toBe(false)
})

test('each correction is reported once for each cookie', () => {
  const guard = cookies({}, setup())
  const make = () => exchange({ response: { headers: { 'set-cookie': ['connect.sid=1', 'b=2; Secure; HttpOnly'] } } })
  const [first, second] = [make(), make()]
  guard.onResponse!(first)
  guard.onResponse!(second)
  expect(first.events.map(({ risk }) => risk)).toEqual([
    'default-cookie-name',
    'cookie-without-secure',
    'cookie-without-httponly',
    'cookie-without-samesite',
    'cookie-without-samesite',
  ])
  expect(second.events).toEqual([])
})

test.each([
  ['connect.sid', true],
  ['PHPSESSID', true],
  ['__Secure-next-auth.session-token', true],
  ['__Host-session', false],
  ['journal-session', false],
])('%s is a name that a package gives to every app: %s', (name, isDefault) => {
  const { events } = leave(`${name}=1; Secure; HttpOnly; SameSite=Lax`)
  expect(events.map(({ risk }) => risk)).toEqual(isDefault ? ['default-cookie-name'] : [])
})

test('what was reported is bounded, whatever the names', () => {
  const guard = cookies({}, setup())
  const x = exchange({ response: { headers: { 'set-cookie': Array.from({ length: 500 }, (_, i) => `a${i}=1`) } } })
  guard.onResponse!(x)
  expect(x.events.length).toBe(100)
})

test('a cookie over 4,096 bytes is reported, counted in bytes', () => {
  const risks = (value: string) => leave(`a=${value}; Secure; HttpOnly; SameSite=Lax`).events.map(({ risk }) => risk)
  expect(risks('x'.repeat(4094))).toEqual([])
  expect(risks('x'.repeat(4095))).toEqual(['oversized-cookie'])
  expect(risks('ä'.repeat(2048))).toEqual(['oversized-cookie'])
})

test('in observe mode cookies leave as they are, and what they lack is told', () => {
  const x = leave('a=1; Domain=example', {}, { mode: 'observe' })
  expect(x.sent.get('set-cookie')).toEqual(['a=1; Domain=example'])
  expect(x.events.map(({ outcome }) => outcome)).toEqual(['observed', 'observed', 'observed', 'observed'])
})

/** Sets in one exchange and reads in the next, as a browser would. */
function visit(parts: Partial<Setup> = {}): {
  write(): [Cookies, TestExchange]
  read(header: string): Cookies
  lines(x: TestExchange): readonly string[]
} {
  const guard = cookies({}, setup({ keys: [KEY], ...parts }))
  const offer = guard.offers!['cookies']!
  return {
    write: () => {
      const x = exchange()
      return [offer(x) as Cookies, x]
    },
    read: (header) => offer(exchange({ headers: { cookie: header } })) as Cookies,
    lines: (x) => {
      guard.onResponse!(x)
      return (x.sent.get('set-cookie') ?? []) as readonly string[]
    },
  }
}

const pairOf = (line: string): string => line.split(';')[0]!

test.each(['', 'ada', 'a b;c="d",\\', 'Zoë \u{1f511}', '\ud800', '\r\nSet-Cookie: x=1', 'p', 'x'.repeat(2000)])(
  'any string comes back as it was: %j',
  (value) => {
    const { write, read, lines } = visit()
    const [jar, x] = write()
    jar.set('note', value)
    const line = lines(x)[0]!
    expect(line).toMatch(/^__Host-app-note=[\x21-\x7e]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(read(`other=1; ${pairOf(line)}`).get('note')).toBe(value)
  },
)

test('nothing that was changed is believed', () => {
  const { write, read, lines } = visit()
  const [jar, x] = write()
  jar.set('reader', '1', { maxAge: 60 })
  jar.set('admin', '1')
  const [reader = '', admin = ''] = lines(x).map(pairOf)
  const value = reader.slice(reader.indexOf('=') + 1)
  const [body = '', expires = '', signature = ''] = value.split('.')
  const forged = [
    `p2.${expires}.${signature}`,
    `${body}.0.${signature}`,
    `${body}.zzzzzz.${signature}`,
    `${body}.${expires}.`,
    `${body}.${expires}`,
    `${body}.${signature}`,
    `${body}.${expires}.${signature}A`,
    `${body}.${expires}.${signature.slice(0, -1)}`,
    `${value}.${value}`,
    body,
    '..',
    '',
  ]
  for (const text of forged) expect(read(`__Host-app-reader=${text}`).get('reader'), text).toBeUndefined()
  expect(read(reader.replace('reader', 'admin')).get('admin')).toBeUndefined()
  expect(read(admin.replace('admin', 'reader')).get('reader')).toBeUndefined()
  expect(read(reader.replace('__Host-', '')).get('reader')).toBeUndefined()
  expect(read(reader).get('reader')).toBe('1')
})

test('a signed value is not believed after its time, whatever the browser keeps', () => {
  let time = Date.UTC(2026, 0, 1)
  const { write, read, lines } = visit({ now: () => time })
  const [jar, x] = write()
  jar.set('reader', '1', { maxAge: 60 })
  const pair = pairOf(lines(x)[0]!)
  time += 59_000
  expect(read(pair).get('reader')).toBe('1')
  time += 1_000
  expect(read(pair).get('reader')).toBeUndefined()
})

test('an old key still opens, and a key that is gone does not', () => {
  const old = cookieSigner({ app: 'app', keys: [OTHER] })
  const pair = pairOf(old.seal('reader', '1'))
  expect(
    visit({ keys: [KEY, OTHER] })
      .read(pair)
      .get('reader'),
  ).toBe('1')
  expect(
    visit({ keys: [KEY] })
      .read(pair)
      .get('reader'),
  ).toBeUndefined()
  const { write, lines } = visit({ keys: [KEY, OTHER] })
  const [jar, x] = write()
  jar.set('reader', '1')
  expect(cookieSigner({ app: 'app', keys: [KEY] }).open(pairOf(lines(x)[0]!), 'reader')).toBe('1')
})

test('another app on the same host cannot use the cookie', () => {
  const seal = cookieSigner({ app: 'shop', keys: [KEY] }).seal('reader', '1')
  const moved = pairOf(seal).replace('shop', 'app')
  expect(visit().read(moved).get('reader')).toBeUndefined()
})

test('two apps whose names run into those of their cookies keep them apart', () => {
  const seal = cookieSigner({ app: 'shop-a', keys: [KEY] }).seal('b', '1')
  expect(pairOf(seal)).toMatch(/^__Host-shop-a-b=/)
  expect(cookieSigner({ app: 'shop', keys: [KEY] }).open(pairOf(seal), 'a-b')).toBeUndefined()
})

test('an unsigned cookie is only read where it is asked for as one', () => {
  const { write, read, lines } = visit()
  const [jar, x] = write()
  jar.set('theme', 'dark', { signed: false, readable: true, sameSite: 'strict' })
  const line = lines(x)[0]!
  expect(line).toBe('__Host-app-theme=pdark; Path=/; Secure; SameSite=Strict')
  expect(read(pairOf(line)).get('theme')).toBeUndefined()
  expect(read(pairOf(line)).get('theme', { signed: false })).toBe('dark')
})

test('a cookie for one path gives up __Host-, and clear finds it again', () => {
  const { write, read, lines } = visit()
  const [jar, x] = write()
  jar.set('draft', '1', { path: '/write' })
  const line = lines(x)[0]!
  expect(line).toMatch(/^__Secure-app-draft=.*; Path=\/write; HttpOnly; Secure; SameSite=Lax$/)
  expect(read(pairOf(line)).get('draft', { path: '/write' })).toBe('1')
  const [other, y] = write()
  other.clear('draft', { path: '/write' })
  expect(lines(y)).toEqual(['__Secure-app-draft=; Path=/write; Max-Age=0; HttpOnly; Secure; SameSite=Lax'])
})

test('the last call for a name wins, and the cookies of the app stay', () => {
  const guard = cookies({}, setup({ keys: [KEY] }))
  const x = exchange()
  const jar = guard.offers!['cookies']!(x) as Cookies
  jar.set('a', '1')
  jar.set('b', '2')
  jar.clear('a')
  x.response.setHeader('Set-Cookie', 'own=1; Secure; HttpOnly; SameSite=Lax')
  guard.onResponse!(x)
  const lines = x.sent.get('set-cookie') as readonly string[]
  expect(lines.map((line) => line.split('=')[0])).toEqual(['own', '__Host-app-b', '__Host-app-a'])
  expect(lines[2]).toContain('Max-Age=0')
})

test('in production nothing is signed without keys', () => {
  const { write, read } = visit({ keys: [], production: true })
  expect(() => write()[0].set('a', '1')).toThrow(/BULWARK_KEYS_MISSING/)
  expect(() => read('').get('a')).toThrow(/BULWARK_KEYS_MISSING/)
})

test('in development a key of the process is used, and said once', () => {
  const facts = setup()
  const guard = cookies({}, facts)
  const first = exchange()
  const jar = guard.offers!['cookies']!(first) as Cookies
  jar.set('a', '1')
  guard.onResponse!(first)
  const pair = pairOf((first.sent.get('set-cookie') as readonly string[])[0]!)
  const again = cookies({}, setup()).offers!['cookies']!(exchange({ headers: { cookie: pair } })) as Cookies
  expect(again.get('a')).toBe('1')
  jar.set('b', '1')
  expect(facts.reports.map(({ risk }) => risk)).toEqual(['weak-cookie-secret'])
})

test('a Secure cookie over plain http is told, except on localhost', () => {
  const guard = cookies({}, setup({ keys: [KEY] }))
  const [lan, local] = [exchange({ url: 'http://10.0.0.5:3000/' }), exchange(HTTP)]
  for (const x of [lan, local]) (guard.offers!['cookies']!(x) as Cookies).set('a', '1')
  expect(lan.events).toMatchObject([{ risk: 'cookie-without-secure' }])
  expect(local.events).toEqual([])
})

test.each([
  ['a=b', '1', {}],
  ['a b', '1', {}],
  ['', 'x'.repeat(5000), {}],
  ['a', '1', { path: 'x; Domain=evil.example' }],
  ['a', '1', { maxAge: 1.5 }],
  ['a', '1', { maxAge: -1 }],
  ['a', '1', { maxAge: 10 ** 9 }],
])('a cookie that no browser would take is refused: %j', (name, value, settings) => {
  expect(() => visit().write()[0].set(name, value, settings)).toThrow(/BULWARK_COOKIE_INVALID/)
})

test('a handshake cannot set cookies, and can read them', () => {
  const guard = cookies({}, setup({ keys: [KEY] }))
  const jar = guard.offers!['cookies']!(exchange({ upgrade: true })) as Cookies
  expect(() => jar.set('a', '1')).toThrow(/BULWARK_COOKIE_INVALID/)
  expect(jar.get('a')).toBeUndefined()
})

test('options that could never match are refused at start-up', () => {
  expect(() => cookies({ readable: ['a b'] }, setup())).toThrow(/policy\.cookies\.readable\[0\]/)
  for (const domain of ['.example.com', 'com', 'https://example.com', 'example.com:80', '', 'a..b']) {
    expect(() => cookies({ domains: [domain] }, setup()), domain).toThrow(/policy\.cookies\.domains\[0\]/)
  }
})
