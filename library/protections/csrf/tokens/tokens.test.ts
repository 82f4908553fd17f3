import { describe, expect, test } from 'vitest'
import type { Guard } from '../../../core/guard.ts'
import { off, type Setup } from '../../../core/policy.ts'
import { type ExchangeParts, exchange, setup, type TestExchange } from '../../../testing/exchange.ts'
import { findCookie, parseSetCookie } from '../../../toolbox/cookies.ts'
import { type CsrfOptions, csrf } from '../guard.ts'

const KEY = 'k3y-0123456789-abcdefghijklmnopqrstuvwxyz'
const OLD_KEY = 'old-0123456789-abcdefghijklmnopqrstuvwxyz'
const OWN = { 'sec-fetch-site': 'same-origin' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

/** A policy under which whatever stands in the cookie `session` is the session, and whose clock can be moved. */
function under(options: CsrfOptions = { tokens: 'required' }, parts: Partial<Setup> = {}) {
  const clock = { now: 1_790_000_000_000 }
  const facts = setup({
    keys: [KEY],
    now: () => clock.now,
    binding: { of: (x) => findCookie(x.request.header('cookie'), 'session') },
    ...parts,
  })
  return { guard: csrf(options, facts), clock, facts }
}

/** Opens a page with a form: what it shows, and the cookies that the browser has afterwards. */
function open(guard: Guard, cookie?: string, more: ExchangeParts = {}) {
  const x = exchange({ ...more, headers: { cookie, ...more.headers } })
  const token = tokenFor(guard, x)
  guard.onResponse!(x)
  return { token, cookie: jar(x, cookie), x }
}

function tokenFor(guard: Guard, x: TestExchange): string {
  return (guard.offers!['csrfToken']!(x) as () => string)()
}

function jar(x: TestExchange, before: string | undefined): string {
  const pairs = new Map((before ?? '').split('; ').map((pair) => pair.split('=') as [string, string]))
  for (const line of (x.sent.get('set-cookie') ?? []) as readonly string[]) {
    const { name, value } = parseSetCookie(line)
    if (value === '') pairs.delete(name)
    else pairs.set(name, value)
  }
  pairs.delete('')
  return [...pairs].map(([name, value]) => `${name}=${value}`).join('; ')
}

async function post(guard: Guard, cookie: string | undefined, parts: ExchangeParts): Promise<string> {
  const x = exchange({ method: 'POST', ...parts, headers: { ...OWN, cookie, ...parts.headers } })
  const verdict = (await guard.onRequest!(x)) ?? (await guard.onRoute!(x))
  return verdict === undefined ? 'passes' : 'reason' in verdict ? verdict.reason : 'replied'
}

const MISSING = 'a state-changing request without a token'
const MALFORMED = 'a state-changing request with something that is no token'
const FOREIGN = 'a state-changing request with a token of another session, or of nobody'
const EXPIRED = 'a state-changing request with a token that is too old'

describe('a token of the own page is taken', () => {
  const multipart = (token: string) =>
    `--b\r\nContent-Disposition: form-data; name="memo"\r\n\r\nrent _csrf\r\n--b\r\nContent-Disposition: form-data; name="_csrf"\r\n\r\n${token}\r\n--b--\r\n`
  const ways: readonly [string, (token: string) => ExchangeParts][] = [
    ['in the header', (token) => ({ headers: { 'x-csrf-token': token } })],
    ['as the only field of a form', (token) => ({ headers: FORM, body: `_csrf=${token}` })],
    ['as the last field', (token) => ({ headers: FORM, body: `memo=a_csrf=b&x_csrf=c&_csrf=${token}` })],
    [
      'in a form with a charset',
      (token) => ({
        headers: { 'content-type': 'Application/X-WWW-Form-Urlencoded; charset=UTF-8' },
        body: `_csrf=${token}&a=b`,
      }),
    ],
    [
      'in JSON',
      (token) => ({ headers: { 'content-type': 'application/json' }, body: `{"memo":"x","_csrf":"${token}"}` }),
    ],
    [
      'in a type that ends in +json',
      (token) => ({ headers: { 'content-type': 'application/vnd.api+json' }, body: `{"_csrf":"${token}"}` }),
    ],
    [
      'in a part of a form',
      (token) => ({ headers: { 'content-type': 'multipart/form-data; boundary=b' }, body: multipart(token) }),
    ],
    [
      'behind a boundary in quotes',
      (token) => ({ headers: { 'content-type': 'multipart/form-data; boundary="b"' }, body: multipart(token) }),
    ],
  ]
  for (const [how, parts] of ways) {
    test(how, async () => {
      const { guard } = under()
      const guest = open(guard)
      expect(await post(guard, guest.cookie, parts(guest.token))).toBe('passes')
      const member = open(guard, 'session=ada')
      expect(await post(guard, 'session=ada', parts(member.token))).toBe('passes')
    })
  }

  test('again and again, in another tab, and hours later', async () => {
    const { guard, clock } = under()
    const first = open(guard, 'session=ada')
    const second = open(guard, 'session=ada')
    clock.now += 11 * 3_600_000
    for (const { token } of [first, second, first]) {
      expect(await post(guard, 'session=ada', { headers: { 'x-csrf-token': token } })).toBe('passes')
    }
  })

  test('after a clock was set back', async () => {
    const { guard, clock } = under()
    const { token } = open(guard, 'session=ada')
    clock.now -= 3_600_000
    expect(await post(guard, 'session=ada', { headers: { 'x-csrf-token': token } })).toBe('passes')
  })

  test('after the key was changed, while the old one is still named', async () => {
    const { token } = open(under({ tokens: 'required' }, { keys: [OLD_KEY] }).guard, 'session=ada')
    const { guard } = under({ tokens: 'required' }, { keys: [KEY, OLD_KEY] })
    expect(await post(guard, 'session=ada', { headers: { 'x-csrf-token': token } })).toBe('passes')
    const later = under({ tokens: 'required' }, { keys: [KEY] }).guard
    expect(await post(later, 'session=ada', { headers: { 'x-csrf-token': token } })).toBe(FOREIGN)
  })
})

describe('a forgery is denied', () => {
  const forgeries: readonly [
    string,
    (own: { token: string; cookie: string }) => { cookie?: string; parts: ExchangeParts },
    string,
  ][] = [
    ['without a token', ({ cookie }) => ({ cookie, parts: { headers: FORM, body: 'memo=rent' } }), MISSING],
    ['without a token or a body', ({ cookie }) => ({ cookie, parts: {} }), MISSING],
    [
      'with a token in the address',
      ({ cookie, token }) => ({
        cookie,
        parts: { url: `https://app.example/?_csrf=${token}`, headers: FORM, body: 'a=b' },
      }),
      MISSING,
    ],
    [
      'with a token in a text/plain form',
      ({ cookie, token }) => ({ cookie, parts: { headers: { 'content-type': 'text/plain' }, body: `_csrf=${token}` } }),
      MISSING,
    ],
    ['with a body of no type', ({ cookie, token }) => ({ cookie, parts: { body: `_csrf=${token}` } }), MISSING],
    [
      'with the token inside of another value',
      ({ cookie, token }) => ({ cookie, parts: { headers: FORM, body: `memo=x_csrf=${token}` } }),
      MISSING,
    ],
    [
      'with the token deeper in the JSON',
      ({ cookie, token }) => ({
        cookie,
        parts: { headers: { 'content-type': 'application/json' }, body: `{"a":{"_csrf":"${token}"}}` },
      }),
      MISSING,
    ],
    [
      'with JSON that is none',
      ({ cookie, token }) => ({
        cookie,
        parts: { headers: { 'content-type': 'application/json' }, body: `{"_csrf":"${token}"` },
      }),
      MISSING,
    ],
    [
      'with a list of tokens',
      ({ cookie, token }) => ({
        cookie,
        parts: { headers: { 'content-type': 'application/json' }, body: `{"_csrf":["${token}"]}` },
      }),
      MALFORMED,
    ],
    [
      'with a multipart form that has no boundary',
      ({ cookie, token }) => ({
        cookie,
        parts: { headers: { 'content-type': 'multipart/form-data' }, body: `_csrf=${token}` },
      }),
      MISSING,
    ],
    [
      'with the token in the text of another part',
      ({ cookie, token }) => ({
        cookie,
        parts: {
          headers: { 'content-type': 'multipart/form-data; boundary=b' },
          body: `--b\r\nContent-Disposition: form-data; name="memo"\r\n\r\nname="_csrf"\r\n\r\n${token}\r\n--b--`,
        },
      }),
      MISSING,
    ],
    ['with an empty token', ({ cookie }) => ({ cookie, parts: { headers: { 'x-csrf-token': '' } } }), MALFORMED],
    [
      'with a shortened token',
      ({ cookie, token }) => ({ cookie, parts: { headers: { 'x-csrf-token': token.slice(1) } } }),
      MALFORMED,
    ],
    [
      'with two tokens in one header',
      ({ cookie, token }) => ({ cookie, parts: { headers: { 'x-csrf-token': `${token}, ${token}` } } }),
      MALFORMED,
    ],
    [
      'with a token of other letters',
      ({ cookie, token }) => ({ cookie, parts: { headers: { 'x-csrf-token': `é${token.slice(1)}` } } }),
      MALFORMED,
    ],
    [
      'with a token of zeros',
      ({ cookie }) => ({ cookie, parts: { headers: { 'x-csrf-token': 'A'.repeat(86) } } }),
      FOREIGN,
    ],
    [
      'with a token that was changed',
      ({ cookie, token }) => ({ cookie, parts: { headers: { 'x-csrf-token': flip(token, 80) } } }),
      FOREIGN,
    ],
    [
      'with a token whose time was changed',
      ({ cookie, token }) => ({ cookie, parts: { headers: { 'x-csrf-token': flip(token, 44) } } }),
      FOREIGN,
    ],
    [
      'with the token, but none of the cookies',
      ({ token }) => ({ parts: { headers: { 'x-csrf-token': token } } }),
      FOREIGN,
    ],
    [
      'with a good token, from another site',
      ({ cookie, token }) => ({
        cookie,
        parts: { headers: { 'sec-fetch-site': 'cross-site', 'x-csrf-token': token } },
      }),
      'a state-changing request from another site',
    ],
  ]
  for (const who of ['a guest', 'a member'] as const) {
    for (const [how, make, reason] of forgeries) {
      test(`${how}, as ${who}`, async () => {
        const { guard } = under()
        const own = open(guard, who === 'a guest' ? undefined : 'session=ada')
        const { cookie, parts } = make(own)
        expect(await post(guard, cookie, parts)).toBe(reason)
      })
    }
  }

  test('with a token of another visitor, whoever they both are', async () => {
    const { guard } = under()
    const visitors = [open(guard), open(guard), open(guard, 'session=ada'), open(guard, 'session=eve')]
    for (const one of visitors) {
      for (const other of visitors) {
        const verdict = await post(guard, one.cookie, { headers: { 'x-csrf-token': other.token } })
        expect(verdict).toBe(one === other ? 'passes' : FOREIGN)
      }
    }
  })

  test('with a token of another app that has the same key', async () => {
    const { token } = open(under({ tokens: 'required' }, { app: 'other' }).guard, 'session=ada')
    expect(await post(under().guard, 'session=ada', { headers: { 'x-csrf-token': token } })).toBe(FOREIGN)
  })

  test('with a token that is too old', async () => {
    const { guard, clock } = under({ tokens: 'required', tokenLifetime: '1h' })
    const { token } = open(guard, 'session=ada')
    clock.now += 3_600_001
    expect(await post(guard, 'session=ada', { headers: { 'x-csrf-token': token } })).toBe(EXPIRED)
  })
})

test('a token looks different each time, and its mask hides all of it', () => {
  const { guard } = under()
  const x = exchange({ headers: { cookie: 'session=ada' } })
  const tokens = Array.from({ length: 50 }, () => Buffer.from(tokenFor(guard, x), 'base64url'))
  for (let i = 0; i < 64; i++) expect(new Set(tokens.map((bytes) => bytes[i])).size).toBeGreaterThan(5)
  const unmasked = tokens.map((bytes) => bytes.map((byte, i) => byte ^ (bytes[(i + 32) % 64] ?? 0)).join())
  expect(new Set(unmasked).size).toBe(1)
})

describe('a token ends with the session that it was shown in', () => {
  test('a guest who signs in starts anew, and the cookie of the guest goes', async () => {
    const { guard } = under()
    const guest = open(guard)
    const signIn = exchange({ method: 'POST', headers: { cookie: `${guest.cookie}; session=ada` } })
    guard.onResponse!(signIn)
    expect(signIn.sent.get('set-cookie')).toEqual([
      '__Host-app-csrf=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
    ])
    // Even if a browser kept it.
    const kept = `${guest.cookie}; session=ada`
    expect(await post(guard, kept, { headers: { 'x-csrf-token': guest.token } })).toBe(FOREIGN)
  })

  test('signing out, and signing in again', async () => {
    const { guard } = under()
    const { token } = open(guard, 'session=ada')
    expect(await post(guard, undefined, { headers: { 'x-csrf-token': token } })).toBe(FOREIGN)
    expect(await post(guard, 'session=ada-again', { headers: { 'x-csrf-token': token } })).toBe(FOREIGN)
  })
})

test('a token that is asked for again after the session changed is one for the new session', async () => {
  const binding = { of: (): string | undefined => 'old' }
  const { guard } = under({ tokens: 'required' }, { binding })
  const x = exchange()
  const before = tokenFor(guard, x)
  binding.of = () => 'new'
  const after = tokenFor(guard, x)
  expect(await post(guard, undefined, { headers: { 'x-csrf-token': after } })).toBe('passes')
  expect(await post(guard, undefined, { headers: { 'x-csrf-token': before } })).toBe(FOREIGN)
})

describe('a page that shows a token and then begins a session', () => {
  const begin = (method: string) => {
    const binding = { of: (): string | undefined => undefined }
    const { guard } = under({ tokens: 'required' }, { binding })
    const x = exchange({ method })
    const token = tokenFor(guard, x)
    binding.of = () => 'new'
    guard.onResponse!(x)
    return { guard, token, binding, cookie: jar(x, undefined), x }
  }

  test('has a token that is good in that session, and in no other', async () => {
    const { guard, token, binding, cookie } = begin('GET')
    expect(await post(guard, cookie, { headers: { 'x-csrf-token': token } })).toBe('passes')
    binding.of = () => 'newer'
    expect(await post(guard, cookie, { headers: { 'x-csrf-token': token } })).toBe(FOREIGN)
    binding.of = () => undefined
    expect(await post(guard, cookie, { headers: { 'x-csrf-token': token } })).toBe(FOREIGN)
  })

  test('is no way to plant a cookie for the session of somebody else', async () => {
    const { guard, binding, cookie } = begin('GET')
    binding.of = () => undefined
    const attacker = open(guard)
    binding.of = () => 'victim'
    const link = cookie.slice(cookie.indexOf('.'))
    for (const planted of [attacker.cookie, attacker.cookie + link, `${attacker.cookie}.${'A'.repeat(43)}`]) {
      expect(await post(guard, planted, { headers: { 'x-csrf-token': attacker.token } })).toBe(FOREIGN)
    }
  })

  test('is told about when it was a sign-in: what was shown before it does not count', async () => {
    const { guard, token, cookie, x } = begin('POST')
    expect(x.events).toMatchObject([{ risk: 'csrf', fix: expect.stringContaining('after signing in') }])
    expect(await post(guard, cookie, { headers: { 'x-csrf-token': token } })).toBe(FOREIGN)
  })
})

describe('sessions that another package keeps', () => {
  const foreign = () => under({ tokens: 'required', sessionCookie: 'connect.sid' }).guard

  test('bind tokens by the value of their cookie', async () => {
    const guard = foreign()
    const { token } = open(guard, 'connect.sid=s%3Aada')
    expect(await post(guard, 'connect.sid=s%3Aada', { headers: { 'x-csrf-token': token } })).toBe('passes')
    expect(await post(guard, 'connect.sid=s%3Aeve', { headers: { 'x-csrf-token': token } })).toBe(FOREIGN)
  })

  test('may begin in the answer that shows the first token', async () => {
    const guard = foreign()
    const response = { headers: { 'set-cookie': ['connect.sid=s%3Anew; Path=/; HttpOnly'] } }
    const { token, cookie } = open(guard, undefined, { response })
    expect(cookie).toMatch(/^connect\.sid=s%3Anew; __Host-app-csrf=/)
    expect(await post(guard, cookie, { headers: { 'x-csrf-token': token } })).toBe('passes')
    const other = cookie.replace('new', 'other')
    expect(await post(guard, other, { headers: { 'x-csrf-token': token } })).toBe(FOREIGN)
  })
})

describe('tokens are demanded', () => {
  const bare = { 'sec-fetch-site': undefined }
  const cases: readonly [string, CsrfOptions, ExchangeParts, string | undefined, string][] = [
    ['nowhere unless asked', {}, {}, 'session=ada', 'passes'],
    ['where a route says so', {}, { contract: { csrf: 'token' } }, 'session=ada', MISSING],
    [
      'for a GET where its route says so',
      {},
      { method: 'GET', contract: { csrf: 'token', changesState: true } },
      'session=ada',
      MISSING,
    ],
    [
      'for no GET that changes nothing',
      { tokens: 'required' },
      { method: 'GET', contract: { csrf: 'token' } },
      'session=ada',
      'passes',
    ],
    [
      'for no link that changes something',
      { tokens: 'required' },
      { method: 'GET', contract: { changesState: true } },
      'session=ada',
      'passes',
    ],
    ['for no WebSocket', { tokens: 'required' }, { method: 'GET', upgrade: true }, 'session=ada', 'passes'],
    ['of programs too, where all must have one', { tokens: 'required' }, { headers: bare }, undefined, MISSING],
    ['for DELETE', { tokens: 'required' }, { method: 'DELETE' }, 'session=ada', MISSING],
    ['of old browsers with cookies', { tokens: 'old-browsers' }, { headers: bare }, 'session=ada', MISSING],
    [
      'of old browsers with a password',
      { tokens: 'old-browsers' },
      { headers: { ...bare, authorization: 'Basic YTpi' } },
      undefined,
      MISSING,
    ],
    [
      'not of programs with a key of their own',
      { tokens: 'old-browsers' },
      { headers: { ...bare, authorization: 'Bearer abc' } },
      undefined,
      'passes',
    ],
    ['not of newer browsers', { tokens: 'old-browsers' }, {}, 'session=ada', 'passes'],
    [
      'not of a browser that says its origin',
      { tokens: 'old-browsers' },
      { headers: { ...bare, origin: 'https://app.example' } },
      'session=ada',
      'passes',
    ],
  ]
  for (const [what, options, parts, cookie, verdict] of cases) {
    test(what, async () => expect(await post(under(options).guard, cookie, parts)).toBe(verdict))
  }

  test('on all routes but those that are exempt', async () => {
    const { guard } = under()
    const exempt = { csrf: off('the signature is checked in the route') }
    expect(await post(guard, 'session=ada', { contract: exempt, deferred: true })).toBe('passes')
    expect(await post(guard, 'session=ada', { contract: undefined, deferred: true })).toBe(MISSING)
    const { token } = open(guard, 'session=ada')
    expect(await post(guard, 'session=ada', { headers: { 'x-csrf-token': token } })).toBe('passes')
  })
})

describe('the page that shows a token', () => {
  test('is kept by no cache', () => {
    const { guard } = under()
    expect(open(guard, 'session=ada').x.sent.get('cache-control')).toBe('no-store')
    const shared = { response: { headers: { 'cache-control': 'public, max-age=60' } } }
    expect(open(guard, undefined, shared).x.sent.get('cache-control')).toBe('no-store')
    const own = { response: { headers: { 'cache-control': 'private' } } }
    expect(open(guard, 'session=ada', own).x.sent.get('cache-control')).toBe('private')
  })

  test('gives a guest one cookie, once, and a member none', () => {
    const { guard } = under()
    const first = open(guard)
    expect(first.x.sent.get('set-cookie')).toEqual([
      expect.stringMatching(/^__Host-app-csrf=[\w-]{22}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ])
    expect(open(guard, first.cookie).x.sent.get('set-cookie')).toBeUndefined()
    expect(open(guard, 'session=ada').x.sent.get('set-cookie')).toBeUndefined()
  })

  test('cannot show one when its head has left', () => {
    const { guard } = under()
    const x = exchange()
    x.response.removeHeader = () => {
      throw new Error('ERR_HTTP_HEADERS_SENT')
    }
    expect(() => tokenFor(guard, x)).toThrow(/BULWARK_COOKIE_INVALID/)
    expect(tokenFor(guard, Object.assign(exchange({ headers: { cookie: 'session=ada' } })))).toHaveLength(86)
  })
})

describe('at start-up', () => {
  const wrong: readonly [string, CsrfOptions, RegExp][] = [
    [
      'a demand that nobody knows',
      { tokens: 'always' as 'required' },
      /BULWARK_POLICY_INVALID.*\n.*policy\.csrf\.tokens/,
    ],
    ['a lifetime that is none', { tokenLifetime: 'long' }, /BULWARK_DURATION_INVALID.*\n.*policy\.csrf\.tokenLifetime/],
    ['a lifetime of seconds', { tokenLifetime: '10s' }, /BULWARK_DURATION_INVALID/],
    ['a cookie that none can be', { sessionCookie: 'a;b' }, /BULWARK_COOKIE_INVALID.*\n.*policy\.csrf\.sessionCookie/],
  ]
  for (const [what, options, error] of wrong) {
    test(`${what} is refused`, () => expect(() => csrf(options, setup({ keys: [KEY] }))).toThrow(error))
  }

  test('a route that says something else about csrf is refused', () => {
    const { guard } = under({})
    const contract = { csrf: 'tokens' as 'token' }
    expect(() => guard.onRoutes!([{ method: 'POST', path: '/', at: undefined, contract }])).toThrow(
      /BULWARK_POLICY_INVALID/,
    )
  })

  test('demanded tokens need a key in production', () => {
    const production = setup({ production: true })
    expect(() => csrf({ tokens: 'required' }, production)).toThrow(/BULWARK_KEYS_MISSING/)
    const guard = csrf({}, production)
    const route = { method: 'POST', path: '/', at: undefined, contract: { csrf: 'token' } } as const
    expect(() => guard.onRoutes!([route])).toThrow(/BULWARK_KEYS_MISSING/)
    expect(() => tokenFor(guard, exchange())).toThrow(/BULWARK_KEYS_MISSING/)
  })

  test('without a key one of this process is used while developing, and that is said', async () => {
    const facts = setup()
    const guard = csrf({ tokens: 'required' }, facts)
    expect(facts.reports).toMatchObject([{ guard: 'csrf', fix: expect.stringContaining('set keys') }])
    const { token, cookie } = open(csrf({}, setup()))
    expect(await post(guard, cookie, { headers: { 'x-csrf-token': token } })).toBe('passes')
  })
})

function flip(token: string, at: number): string {
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}
