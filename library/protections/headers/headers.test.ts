import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { scanText } from '../../../scanner/index.ts'
import { off } from '../../core/policy.ts'
import { type ExchangeParts, exchange, setup } from '../../testing/exchange.ts'
import { type HeadersOptions, headers } from './guard.ts'
import { kindOf } from './kind.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { freshNonceVictim, reusedNonceVictim, victim } from './victim.ts'

const isNonceReuse = ({ name }: { readonly name: string }): boolean => name === 'headers/nonce-reuse'

prove('headers', { victim, probes: probes.filter((probe) => !isNonceReuse(probe)), rules })
describe('a nonce', () => {
  prove('headers', { victim: reusedNonceVictim, fixed: freshNonceVictim, probes: probes.filter(isNonceReuse) })
})

const HTML = 'text/html; charset=utf-8'
const CSP = 'content-security-policy'

/** The headers that an answer of this type leaves with. */
function sent(options: HeadersOptions, type: string | undefined, parts: ExchangeParts = {}, own: object = {}) {
  const x = exchange({
    ...parts,
    response: { status: parts.response?.status ?? 200, headers: { ...(type && { 'content-type': type }), ...own } },
  })
  headers(options, setup()).onResponse!(x)
  return Object.fromEntries(x.sent)
}

test('a page may load and run what comes from its own origin, and nothing inline', () => {
  const head = sent({}, HTML)
  expect(head).toMatchObject({
    [CSP]:
      "default-src 'self'; script-src 'self'; script-src-attr 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; upgrade-insecure-requests",
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'strict-origin-when-cross-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'origin-agent-cluster': '?1',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
  })
  expect(head['permissions-policy']).toContain('camera=(), ')
  expect(head['cache-control']).toBeUndefined()
})

test('data may load nothing, and needs no more than six headers for it', () => {
  const head = sent({}, 'application/json', { url: 'http://app.example/' })
  expect(head).toEqual({
    'content-type': 'application/json',
    [CSP]: "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
  })
})

test('a drawing is put into a sandbox, and keeps its styles', () => {
  expect(sent({}, 'image/svg+xml')[CSP]).toMatch(/default-src 'none'.*style-src 'unsafe-inline'; sandbox$/)
})

test('a script, font or image has no policy, because a worker would be bound by it', () => {
  for (const type of ['text/javascript', 'font/woff2', 'image/png', 'text/css', 'application/pdf']) {
    const head = sent({}, type)
    expect(head[CSP], type).toBeUndefined()
    expect(head['x-content-type-options'], type).toBe('nosniff')
  }
})

const kinds: readonly [string, ReturnType<typeof kindOf>][] = [
  ['text/html', 0],
  ['TEXT/HTML;charset=utf-8', 0],
  [' text/html ', 0],
  ['application/xhtml+xml', 0],
  ['application/json', 1],
  ['application/problem+json', 1],
  ['text/plain', 1],
  ['text/plain, text/html', 1],
  ['text/htmlx', 1],
  ['application/octet-stream', 1],
  ['', 1],
  ['image/svg+xml', 2],
  ['application/rss+xml; charset=utf-8', 2],
  ['text/xml', 2],
  ['application/javascript', 3],
  ['text/javascript; charset=utf-8', 3],
  ['application/x-font-woff', 3],
  ['application/wasm', 3],
  ['video/mp4', 3],
]
for (const [type, kind] of kinds) {
  test(`the content type "${type}" is of kind ${kind}`, () => expect(kindOf(type)).toBe(kind))
}

test('many invented content types do not change what the known ones are', () => {
  for (let i = 0; i < 1000; i++) expect(kindOf(`text/x-${i}`)).toBe(1)
  expect(kindOf('text/html; a=b')).toBe(0)
})

test('the nonce stands in the policy once somebody has asked for it', () => {
  const x = exchange({ response: { headers: { 'content-type': HTML } } })
  const { nonce } = x
  headers({}, setup()).onResponse!(x)
  expect(x.sent.get(CSP)).toContain(
    `script-src 'self' 'nonce-${nonce}'; script-src-attr 'none'; style-src 'self' 'nonce-${nonce}'`,
  )
  expect(x.sent.get('cache-control')).toBe('no-store')
})

test('a nonce does not switch off the inline styles that the policy allows', () => {
  const x = exchange({ response: { headers: { 'content-type': HTML } } })
  const { nonce } = x
  const directives = { 'style-src': ["'self'", "'unsafe-inline'"] }
  headers({ contentSecurityPolicy: { directives } }, setup()).onResponse!(x)
  expect(x.sent.get(CSP)).toContain(
    `script-src 'self' 'nonce-${nonce}'; script-src-attr 'none'; style-src 'self' 'unsafe-inline';`,
  )
})

describe('what the app sets itself stays', () => {
  test('its own policy, with no second one beside it', () => {
    expect(sent({}, HTML, {}, { [CSP]: "default-src 'self'" })[CSP]).toBe("default-src 'self'")
  })
  test('frames that its own policy allows are not forbidden by X-Frame-Options', () => {
    expect(sent({}, HTML, {}, { [CSP]: "frame-ancestors 'self'" })['x-frame-options']).toBeUndefined()
    expect(sent({}, HTML, {}, { [CSP]: "default-src 'self'" })['x-frame-options']).toBe('DENY')
  })
  test('frames that its X-Frame-Options allows are not forbidden by the policy', () => {
    expect(sent({}, HTML, {}, { 'x-frame-options': 'SameOrigin' })[CSP]).toContain("frame-ancestors 'self'")
    expect(sent({}, HTML, {}, { 'x-frame-options': 'ALLOWALL' })[CSP]).toContain("frame-ancestors 'none'")
  })
  test('what it says about caching', () => {
    const parts = { headers: { cookie: 'a=b' } }
    expect(sent({}, HTML, parts, { 'cache-control': 'private' })['cache-control']).toBe('private')
  })
})

const personal: readonly [string, string | undefined, ExchangeParts, object, string | undefined][] = [
  ['a page for a request with a cookie is not stored', HTML, { headers: { cookie: 'a=b' } }, {}, 'no-store'],
  [
    'data for a request with a cookie is not stored',
    'application/json',
    { headers: { cookie: 'a=b' } },
    {},
    'no-store',
  ],
  [
    'data for a request with a token is not stored',
    'application/json',
    { headers: { authorization: 'x' } },
    {},
    'no-store',
  ],
  ['a page that sets a cookie is not stored', HTML, {}, { 'set-cookie': ['a=b'] }, 'no-store'],
  ['a page for anybody may be stored', HTML, {}, {}, undefined],
  ['an image for a request with a cookie may be stored', 'image/png', { headers: { cookie: 'a=b' } }, {}, undefined],
]
for (const [what, type, parts, own, value] of personal) {
  test(what, () => expect(sent({}, type, parts, own)['cache-control']).toBe(value))
}

test('a 304 gets no header, because browsers copy them onto the page that they kept', () => {
  expect(sent({}, undefined, { response: { status: 304 } })).toEqual({})
})

describe('HTTPS', () => {
  const hsts = (options: HeadersOptions, url: string, parts: Parameters<typeof setup>[0] = {}) => {
    const x = exchange({ url, response: { headers: { 'content-type': HTML } } })
    headers(options, setup(parts)).onResponse!(x)
    return [x.sent.get('strict-transport-security'), String(x.sent.get(CSP)).includes('upgrade-insecure-requests')]
  }
  test('is not asked for over plain HTTP', () => expect(hsts({}, 'http://app.example/')).toEqual([undefined, false]))
  test('is asked for when every public origin has it', () => {
    const origins = ['https://app.example']
    expect(hsts({}, 'http://app.example/', { origins })).toEqual(['max-age=31536000; includeSubDomains', true])
    expect(hsts({}, 'http://app.example/', { origins: [...origins, 'http://app.example'] })).toEqual([undefined, false])
  })
  test('is not asked for from localhost in development', () => {
    expect(hsts({}, 'https://localhost:8443/')).toEqual([undefined, false])
    expect(hsts({}, 'https://localhost:8443/', { production: true })).toEqual([
      'max-age=31536000; includeSubDomains',
      true,
    ])
  })
})

describe('options', () => {
  test('off leaves one header out and the others in', () => {
    const head = sent({ crossOriginResourcePolicy: off('images for others'), frameOptions: off('partners') }, HTML)
    expect(head['cross-origin-resource-policy']).toBeUndefined()
    expect(head['x-frame-options']).toBeUndefined()
    expect(head[CSP]).not.toContain('frame-ancestors')
    expect(head['x-content-type-options']).toBe('nosniff')
  })
  test('without a policy X-Frame-Options still forbids frames', () => {
    const head = sent({ contentSecurityPolicy: off('the proxy sends one') }, HTML)
    expect(head[CSP]).toBeUndefined()
    expect(head['x-frame-options']).toBe('DENY')
  })
  test('report-only sends nothing that blocks, and says where to report', () => {
    const head = sent({ contentSecurityPolicy: { reportOnly: true, reportTo: '/csp' } }, HTML)
    expect(head[CSP]).toBeUndefined()
    expect(head[`${CSP}-report-only`]).toMatch(/report-uri \/csp; report-to csp$/)
    expect(head['reporting-endpoints']).toBe('csp="/csp"')
  })
  test('over plain HTTP reports go where every browser sends them', () => {
    const options = { contentSecurityPolicy: { reportTo: '/csp' } }
    const head = sent(options, HTML, { url: 'http://app.example/' })
    expect(head[CSP]).toMatch(/report-uri \/csp$/)
    expect(head['reporting-endpoints']).toBeUndefined()
  })
  test('observe sends the policy as report-only and no other header', () => {
    const head = sent({ mode: 'observe' }, HTML, { headers: { cookie: 'a=b' } })
    expect(Object.keys(head)).toEqual(['content-type', `${CSP}-report-only`])
  })
  test('the preset for APIs takes a page for data', () => {
    expect(sent({ preset: 'api' }, HTML)[CSP]).toMatch(/^default-src 'none'; frame-ancestors 'none'/)
  })
  test('a route adds to the directives of the policy', () => {
    const contract = {
      responseHeaders: { contentSecurityPolicy: { directives: { 'connect-src': ["'self'", 'https://api.example'] } } },
    }
    const options = { contentSecurityPolicy: { directives: { 'img-src': '*', 'form-action': false as const } } }
    const text = sent(options, HTML, { contract })[CSP]
    expect(text).toContain("connect-src 'self' https://api.example;")
    expect(text).toContain('img-src *;')
    expect(text).not.toContain('form-action')
  })
  test('a route that is off gets nothing', () => {
    expect(sent({}, HTML, { contract: { responseHeaders: off('a proxy of ours does it') } })).toEqual({
      'content-type': HTML,
    })
  })
})

const mistakes: readonly [string, HeadersOptions, RegExp][] = [
  [
    'an unknown directive',
    { contentSecurityPolicy: { directives: { 'scripts-src': "'self'" } } },
    /directives\['scripts-src'\]/,
  ],
  ['a keyword without quotes', { contentSecurityPolicy: { directives: { 'img-src': ['self'] } } }, /write "'self'"/],
  [
    'a second directive inside a source',
    { contentSecurityPolicy: { directives: { 'img-src': ['a;script-src'] } } },
    /one source/,
  ],
  ['a line break', { contentSecurityPolicy: { directives: { 'img-src': ['a\r\nb'] } } }, /one source/],
  [
    'a nonce that never changes',
    { contentSecurityPolicy: { directives: { 'script-src': "'nonce-abc'" } } },
    /same for every answer/,
  ],
  ['a report address without TLS', { contentSecurityPolicy: { reportTo: 'http://a.example/' } }, /reportTo/],
  ['a report address that ends the header', { contentSecurityPolicy: { reportTo: '/a", b="c' } }, /reportTo/],
  ['an unknown referrer policy', { referrerPolicy: 'never' }, /policy.headers.referrerPolicy/],
  ['a lifetime in words', { strictTransportSecurity: '1 year' }, /strictTransportSecurity/],
  ['an unknown feature list', { permissionsPolicy: { camera: "'self'" } }, /permissionsPolicy\['camera'\]/],
  ['an opener policy that does not exist', { crossOriginOpenerPolicy: 'same-site' }, /crossOriginOpenerPolicy/],
]
for (const [what, options, message] of mistakes) {
  test(`${what} is refused at start-up`, () => {
    expect(() => headers(options, setup())).toThrow(message)
    expect(() => headers(options, setup())).toThrow(/^BULWARK_HEADER_INVALID/)
  })
}

test("a mistake in a route's headers is found when the routes are", () => {
  const contract = { responseHeaders: { referrerPolicy: 'never' } }
  const guard = headers({}, setup())
  expect(() => guard.onRoutes!([{ method: 'GET', path: '/', at: undefined, contract }])).toThrow(
    /contract.responseHeaders.referrerPolicy/,
  )
})

test("a nonce that repeats in the app's own policy is reported once", () => {
  const guard = headers({}, setup())
  const events = [1, 2, 3].flatMap(() => {
    const x = exchange({ response: { headers: { 'content-type': HTML, [CSP]: "script-src 'nonce-abc'" } } })
    guard.onResponse!(x)
    return x.events
  })
  expect(events.map(({ risk }) => risk)).toEqual(['nonce-reuse'])
})

test("nonces that differ in the app's own policy are not reported", () => {
  const guard = headers({}, setup())
  const events = ['a', 'b', 'c'].flatMap((nonce) => {
    const x = exchange({ response: { headers: { 'content-type': HTML, [CSP]: `script-src 'nonce-${nonce}'` } } })
    guard.onResponse!(x)
    return x.events
  })
  expect(events).toEqual([])
})

test('a page without a content type is reported once', () => {
  const guard = headers({}, setup())
  const events = [1, 2].flatMap(() => {
    const x = exchange({ headers: { 'sec-fetch-dest': 'document' } })
    guard.onResponse!(x)
    return x.events
  })
  expect(events.map(({ risk }) => risk)).toEqual(['mime-sniffing'])
})

test('the rule sees helmet without its policy, and leaves a policy with a nonce alone', () => {
  const text = `import helmet from 'helmet'
app.use(helmet({ contentSecurityPolicy: false }))
app.use(helmet({ contentSecurityPolicy: { directives: { scriptSrc: ["'self'", "'unsafe-inline'"] } } }))
app.use(helmet({ contentSecurityPolicy: { directives: { scriptSrc: ["'self'", (req, res) => res.locals.nonce] } } }))
res.setHeader('Content-Security-Policy', "script-src 'self'; style-src 'unsafe-inline'")
`
  const lines = scanText('app.js', text, rules).findings.map(({ place }) => ('line' in place ? place.line : 0))
  expect(lines).toEqual([2, 3])
})
