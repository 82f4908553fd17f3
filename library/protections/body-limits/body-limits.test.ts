import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { off } from '../../core/policy.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { type BodyLimits, type BodyLimitsOptions, bodyLimits } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('body-limits', {
  victim,
  probes,
  rules,
  sources: ['victim.ts', 'fixtures/limits.js'],
  alsoStoppedBy: { 'body-limits/proto-key': 'prototype-pollution refuses such keys as well' },
})

const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data; boundary=xyz'

interface Sent {
  readonly type?: string | undefined
  readonly body: string | Uint8Array
  readonly options?: BodyLimitsOptions
  readonly encoding?: string
  /** How many bytes arrive at once. */
  readonly slice?: number
  readonly length?: boolean
}

/** What the guard answers to a body that arrives in slices: the status of the denial, or `passes`. */
function send({ type, body, options = {}, encoding, slice, length = true }: Sent): number | 'passes' {
  const guard = bodyLimits(options, setup())
  const bytes = Buffer.from(body as string)
  const headers = {
    'content-type': type,
    'content-encoding': encoding,
    ...(length ? { 'content-length': String(bytes.length) } : { 'transfer-encoding': 'chunked' }),
  }
  const judge = guard.judgeBody!(exchange({ method: 'POST', headers }))
  if (judge === undefined || !('onChunk' in judge)) throw new Error('every body has a judge')
  const step = slice ?? Math.max(1, bytes.length)
  for (let i = 0; i < bytes.length; i += step) {
    const denial = judge.onChunk(bytes.subarray(i, i + step))
    if (denial !== undefined) return denial.status
  }
  return judge.onEnd?.()?.status ?? 'passes'
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const object = (keys: number): string => `{${Array.from({ length: keys }, (_, i) => `"${i.toString(36)}":0`).join()}}`

const jsonCases: readonly [string, string | Uint8Array, number | 'passes'][] = [
  ['an honest document', '{"name":"Ada","tags":["a","b"],"at":{"x":1,"y":-2.5e3},"ok":true,"none":null}', 'passes'],
  ['nothing but a number', '42', 'passes'],
  ['an empty object', '{}', 'passes'],
  ['what is no JSON, which the parser of the app refuses', '{"a":1', 'passes'],
  ['20 levels', nested(20), 'passes'],
  ['21 levels', nested(21), 400],
  ['21 levels of objects and arrays', `${'{"a":['.repeat(11)}`, 400],
  ['brackets inside a string', JSON.stringify({ a: nested(100) }), 'passes'],
  ['brackets behind an escaped quote', '{"a":"\\"[[[[[[[[[[[[[[[[[[[[[[[[[[["}', 'passes'],
  ['brackets behind an escaped backslash', `{"a":"\\\\","b":${nested(21)}}`, 400],
  ['closing brackets that were never opened, then too many levels', `]]]]${nested(21)}`, 400],
  ['1,000 keys', object(1000), 'passes'],
  ['1,001 keys', object(1001), 400],
  ['a key twice', '{"role":"user","role":"admin"}', 400],
  ['a key twice, once escaped', '{"role":"user","\\u0072ole":"admin"}', 400],
  ['a key twice, once as a pair of surrogates', '{"\\ud83d\\ude00":1,"😀":2}', 400],
  ['a key twice around a nested object', '{"a":1,"b":{"a":2},"a":3}', 400],
  ['the same key in neighbouring objects', '[{"a":1},{"a":2}]', 'passes'],
  ['the same key in nested objects', '{"a":{"a":{"a":1}}}', 'passes'],
  ['keys that differ in case', '{"a":1,"A":2}', 'passes'],
  ['a value that equals a key', '{"a":"a","b":["a","a"]}', 'passes'],
  ['__proto__', '{"__proto__":{"admin":true}}', 400],
  ['__proto__ deep inside', '{"a":[{"b":{"__proto__":1}}]}', 400],
  ['__proto__ escaped', '{"\\u005f\\u005fproto__":{"admin":true}}', 400],
  ['__proto__ as a path', '{"a.__proto__.b":1}', 400],
  ['__proto__ as a value', '{"search":"__proto__"}', 'passes'],
  ['__proto__ as an element', '["__proto__"]', 'passes'],
  ['constructor.prototype', '{"constructor":{"prototype":{"admin":true}}}', 400],
  ['constructor.prototype behind another key', '{"constructor": {"name":"x", "prototype":{}}}', 400],
  ['constructor.prototype escaped', '{"c\\u006fnstructor":{"prot\\u006ftype":1}}', 400],
  ['a constructor that is a racing team', '{"constructor":"Ferrari","driver":{"prototype":"no"}}', 'passes'],
  ['a constructor with a list', '{"constructor":[{"prototype":1}]}', 'passes'],
  ['a NUL in a key', '{"a\\u0000b":1}', 400],
  ['a key of 256 characters', JSON.stringify({ ['k'.repeat(256)]: 1 }), 'passes'],
  ['a key of 257 characters', JSON.stringify({ ['k'.repeat(257)]: 1 }), 400],
  ['256 characters outside of ASCII', JSON.stringify({ ['é'.repeat(256)]: 1 }), 'passes'],
  ['a key without an end', `{"${'k'.repeat(5000)}`, 400],
  ['a byte order mark in front', Buffer.from('\ufeff{"__proto__":1}'), 400],
]

for (const [what, body, verdict] of jsonCases) {
  test(`JSON: ${what} ${verdict === 'passes' ? 'passes' : `is refused with ${verdict}`}`, () => {
    for (const slice of [undefined, 1, 7])
      expect(send({ type: JSON_TYPE, body, ...(slice && { slice }) })).toBe(verdict)
  })
}

test('JSON: elements are counted over all arrays', () => {
  const options = { items: 5 }
  expect(send({ type: JSON_TYPE, body: '[1,2,[3,4]]', options })).toBe('passes')
  expect(send({ type: JSON_TYPE, body: '[1,2,[3,4],5]', options })).toBe(400)
  expect(send({ type: JSON_TYPE, body: '{"a":[[],[],[]],"b":[[],[]]}', options })).toBe(400)
})

const sizeCases: readonly [string, Sent, number | 'passes'][] = [
  ['JSON of 10 kB', { type: JSON_TYPE, body: `"${'x'.repeat(10 * 1024 - 2)}"` }, 'passes'],
  ['JSON of 10 kB and a byte', { type: JSON_TYPE, body: `"${'x'.repeat(10 * 1024 - 1)}"` }, 413],
  [
    'the same without a length in front',
    { type: JSON_TYPE, body: `"${'x'.repeat(10 * 1024)}"`, length: false, slice: 500 },
    413,
  ],
  ['a form of 100 kB', { type: FORM, body: `a=${'x'.repeat(100 * 1024 - 2)}` }, 'passes'],
  ['a form of 100 kB and a byte', { type: FORM, body: `a=${'x'.repeat(100 * 1024 - 1)}` }, 413],
  ['text of 11 kB', { type: 'text/plain', body: 'x'.repeat(11 * 1024) }, 413],
  ['an upload of 1 MB', { type: MULTIPART, body: upload('f', 'x'.repeat(1024 * 1024)) }, 'passes'],
  ['a multipart field of 1 MB', { type: MULTIPART, body: field('f', 'x'.repeat(1024 * 1024)) }, 413],
]

for (const [what, sent, verdict] of sizeCases) {
  test(`size: ${what} ${verdict === 'passes' ? 'passes' : `is refused with ${verdict}`}`, () => {
    expect(send(sent)).toBe(verdict)
  })
}

const typeCases: readonly [string, string | undefined, string, BodyLimits, number | 'passes'][] = [
  ['no type', undefined, 'x', {}, 415],
  ['an empty type', '', 'x', {}, 415],
  ['a type of its own', 'application/x-unknown', '{}', {}, 415],
  ['XML', 'application/xml', '<a/>', {}, 415],
  ['two types in one header', 'application/json, text/plain', '{}', {}, 415],
  ['a type in capitals', 'APPLICATION/JSON', '{"__proto__":1}', {}, 400],
  ['problem+json', 'application/problem+json', '{"__proto__":1}', {}, 400],
  ['a CSP report', 'application/csp-report', '{"csp-report":{}}', {}, 'passes'],
  ['JSON called text', 'text/plain', ' \n{"__proto__":1}', {}, 400],
  ['JSON called a form', FORM, '{"__proto__":1}', {}, 400],
  ['text that mentions __proto__', 'text/plain', '"__proto__": look it up', {}, 'passes'],
  ['UTF-16', 'application/json; charset=utf-16le', '{}', {}, 415],
  ['UTF-7 behind a harmless charset', 'application/json; charset=utf-8; charset="utf-7"', '{}', {}, 415],
  ['UTF-8 in capitals', 'application/json;charset="UTF-8"', '{}', {}, 'passes'],
  ['a picture', 'image/png', 'x', {}, 415],
  ['a picture where pictures are taken', 'image/png', 'x', { other: { 'image/png': '2mb' } }, 'passes'],
  ['a larger picture than is taken', 'image/png', 'xxx', { other: { 'image/png': 2 } }, 413],
  ['any type where any is taken', 'application/x-unknown', 'x', { other: off('a proxy for files') }, 'passes'],
]

for (const [what, type, body, options, verdict] of typeCases) {
  test(`type: ${what} ${verdict === 'passes' ? 'passes' : `is refused with ${verdict}`}`, () => {
    for (const slice of [undefined, 1]) expect(send({ type, body, options, ...(slice && { slice }) })).toBe(verdict)
  })
}

test('type: a chunked request without a single byte needs none', () => {
  expect(send({ body: '', length: false })).toBe('passes')
})

const formCases: readonly [string, string, number | 'passes'][] = [
  ['an honest form', 'name=Ada&tags=a&tags=b&note=a%26b%3Dc', 'passes'],
  ['__proto__', '__proto__[admin]=1', 400],
  ['__proto__ percent-encoded', '%5f_proto__%5Badmin%5D=1', 400],
  ['__proto__ below another key', 'a[__proto__][b]=1', 400],
  ['__proto__ without a value', 'a=1&__proto__', 400],
  ['__proto__ as a value', 'q=__proto__&r=a[__proto__]', 'passes'],
  ['constructor and prototype', 'constructor[prototype][admin]=1', 400],
  ['constructor.prototype', 'constructor.prototype.admin=1', 400],
  ['a NUL in a key', 'a%00b=1', 400],
  ['a NUL in a value', 'a=%00', 'passes'],
  ['20 levels', `a${'[b]'.repeat(20)}=1`, 'passes'],
  ['21 levels', `a${'[b]'.repeat(21)}=1`, 400],
  ['21 levels percent-encoded', `a${'%5Bb%5D'.repeat(21)}=1`, 400],
  ['1,000 parameters', `${'a=1&'.repeat(999)}a=1`, 'passes'],
  ['1,001 parameters', `${'a=1&'.repeat(1000)}a=1`, 400],
  ['1,001 empty parameters', '&'.repeat(1001), 400],
  ['a key of 257 characters', `${'k'.repeat(257)}=1`, 400],
  ['a key without an end', 'k'.repeat(9000), 400],
  ['a second = in the value', 'a=b=__proto__', 'passes'],
]

for (const [what, body, verdict] of formCases) {
  test(`form: ${what} ${verdict === 'passes' ? 'passes' : `is refused with ${verdict}`}`, () => {
    for (const slice of [undefined, 1, 5]) expect(send({ type: FORM, body, ...(slice && { slice }) })).toBe(verdict)
  })
  // A longer one is refused for its length alone.
  if (body.length > 8000) continue
  test(`query: ${what} ${verdict === 'passes' ? 'passes' : `is refused with ${verdict}`}`, () => {
    const guard = bodyLimits({}, setup())
    expect(guard.onRequest!(exchange({ target: `/search?${body}` })) ?? 'passes').toEqual(
      verdict === 'passes' ? 'passes' : expect.objectContaining({ status: verdict }),
    )
  })
}

test('query: one that is too long is refused with 414, and a path without a query is not looked at', () => {
  const guard = bodyLimits({ query: 100 }, setup())
  expect(guard.onRequest!(exchange({ target: `/?${'a'.repeat(101)}` }))).toMatchObject({ status: 414 })
  expect(guard.onRequest!(exchange({ target: `/?${'a'.repeat(100)}` }))).toBeUndefined()
  expect(guard.onRequest!(exchange({ target: `/__proto__/${'a'.repeat(200)}` }))).toBeUndefined()
})

function part(headers: string, content: string): string {
  return `--xyz\r\n${headers}\r\n\r\n${content}\r\n`
}
function field(name: string, value: string): string {
  return `${part(`Content-Disposition: form-data; name="${name}"`, value)}--xyz--\r\n`
}
function upload(name: string, content: string): string {
  return `${part(`Content-Disposition: form-data; name="${name}"; filename="a.txt"\r\nContent-Type: text/plain`, content)}--xyz--\r\n`
}
const parts = (count: number): string =>
  `${part('Content-Disposition: form-data; name="a"', '').repeat(count)}--xyz--\r\n`

const multipartCases: readonly [string, string, string, number | 'passes'][] = [
  ['a field', MULTIPART, field('a', 'b'), 'passes'],
  [
    'a file that contains what looks like a boundary',
    MULTIPART,
    upload('a', '\r\n--xy\r\n--xyy\r\n-\n\n--x'),
    'passes',
  ],
  ['no boundary', 'multipart/form-data', field('a', 'b'), 400],
  ['two boundaries', 'multipart/form-data; boundary=abc; boundary=xyz', field('a', 'b'), 400],
  ['a quoted boundary', 'multipart/form-data; boundary="xyz"', field('__proto__', 'b'), 400],
  ['100 parts', MULTIPART, parts(100), 'passes'],
  ['101 parts', MULTIPART, parts(101), 400],
  ['101 parts with bare line feeds', MULTIPART, parts(101).replaceAll('\r', ''), 400],
  ['headers of a part without an end', MULTIPART, `--xyz\r\n${'X-A: b\r\n'.repeat(600)}`, 400],
  ['__proto__ as a name', MULTIPART, field('__proto__[a]', 'b'), 400],
  ['__proto__ as the name of a file field', MULTIPART, upload('a[__proto__]', 'b'), 400],
  [
    '__proto__ in the second part',
    MULTIPART,
    `${part('Content-Disposition: form-data; name="a"', 'b')}${field('__proto__', 'b')}`,
    400,
  ],
  ['__proto__ in the content', MULTIPART, field('a', 'name="__proto__"'), 'passes'],
]

for (const [what, type, body, verdict] of multipartCases) {
  test(`multipart: ${what} ${verdict === 'passes' ? 'passes' : `is refused with ${verdict}`}`, () => {
    for (const slice of [undefined, 1, 3]) expect(send({ type, body, ...(slice && { slice }) })).toBe(verdict)
  })
}

describe('compressed bodies', () => {
  const options: BodyLimitsOptions = { compressed: ['gzip', 'deflate', 'br'] }
  const small = '{"a":1}'
  const bomb = `{"a":1${' '.repeat(1024 * 1024)}}`

  test('are refused unless the policy takes them', () => {
    expect(send({ type: JSON_TYPE, body: gzipSync(small), encoding: 'gzip' })).toBe(415)
    expect(send({ type: JSON_TYPE, body: small, encoding: 'identity' })).toBe('passes')
  })
  test('are judged by what they become', () => {
    expect(send({ type: JSON_TYPE, body: gzipSync(small), encoding: 'GZIP', options })).toBe('passes')
    expect(send({ type: JSON_TYPE, body: deflateSync(small), encoding: 'deflate', options })).toBe('passes')
    expect(send({ type: JSON_TYPE, body: brotliCompressSync(small), encoding: 'br', options, slice: 1 })).toBe('passes')
    expect(send({ type: JSON_TYPE, body: gzipSync('{"__proto__":1}'), encoding: 'gzip', options })).toBe(400)
  })
  test('that become larger than the limit are refused with 413', () => {
    expect(send({ type: JSON_TYPE, body: gzipSync(bomb), encoding: 'gzip', options })).toBe(413)
    expect(send({ type: JSON_TYPE, body: brotliCompressSync(bomb), encoding: 'br', options })).toBe(413)
  })
  test('that become many times larger than they are, are refused with 413', () => {
    const body = gzipSync(`"${' '.repeat(9000)}"`)
    expect(send({ type: JSON_TYPE, body, encoding: 'gzip', options: { ...options, ratio: 400 } })).toBe('passes')
    expect(send({ type: JSON_TYPE, body, encoding: 'gzip', options: { ...options, ratio: 10 } })).toBe(413)
  })
  test('that are not what they say are refused', () => {
    expect(send({ type: JSON_TYPE, body: small, encoding: 'gzip', options })).toBe(400)
    expect(send({ type: JSON_TYPE, body: deflateRawSync(small), encoding: 'deflate', options })).toBe(400)
    expect(send({ type: JSON_TYPE, body: gzipSync(gzipSync(small)), encoding: 'gzip, gzip', options })).toBe(415)
    expect(send({ type: MULTIPART, body: gzipSync(field('a', 'b')), encoding: 'gzip', options })).toBe(415)
  })
})

describe('the limits of one route', () => {
  const wide = { bodyLimits: { json: '50kb', depth: 30 } } as const
  const narrow = { bodyLimits: { json: 100, depth: 3, other: { 'image/png': 10 } } } as const
  const about = (contract: object | undefined) => ({ method: 'POST', path: '/a', at: undefined, contract })

  const arrive = (body: string, contract: object | undefined, known: readonly object[], type = JSON_TYPE) => {
    const guard = bodyLimits({}, setup())
    guard.onRoutes!(known.map(about))
    const headers = { 'content-type': type, 'transfer-encoding': 'chunked' }
    const before = exchange({ method: 'POST', headers })
    // The route becomes known while the body is on its way: the same exchange, seen later.
    const x = before as { -readonly [K in keyof typeof before]: (typeof before)[K] }
    const judge = guard.judgeBody!(x)
    if (judge === undefined || !('onChunk' in judge)) throw new Error('every body has a judge')
    const early = judge.onChunk(Buffer.from(body))
    if (early !== undefined) return `${early.status} before the route`
    x.route = about(contract)
    x.contract = contract
    x.decided = true
    const verdict = guard.onRoute!(x) as { status: number } | undefined
    return verdict === undefined ? 'passes' : `${verdict.status} at the route`
  }
  const large = JSON.stringify('x'.repeat(20_000))

  test('may be wider: what arrives early is held to the widest, and then to its own', () => {
    expect(arrive(large, undefined, [])).toBe('413 before the route')
    expect(arrive(large, wide, [wide])).toBe('passes')
    expect(arrive(large, undefined, [wide])).toBe('413 at the route')
    expect(arrive(nested(25), wide, [wide])).toBe('passes')
    expect(arrive(nested(25), undefined, [wide])).toBe('400 at the route')
  })
  test('may be narrower', () => {
    expect(arrive(`"${'x'.repeat(200)}"`, narrow, [narrow])).toBe('413 at the route')
    expect(arrive(nested(5), narrow, [narrow])).toBe('400 at the route')
    expect(arrive(nested(5), undefined, [narrow])).toBe('passes')
  })
  test('are not those of a contract in front of it, unless that one has limits of its own', () => {
    const front = (contract: object) => {
      const guard = bodyLimits({}, setup())
      guard.onRoutes!([about(wide), about(contract)])
      const headers = { 'content-type': JSON_TYPE, 'content-length': String(large.length) }
      const x = Object.assign(exchange({ method: 'POST', headers, contract, route: about(contract) }), {
        decided: false,
      })
      guard.judgeBody!(x)
      return (guard.onRoute!(x) as { status: number } | undefined)?.status
    }
    expect(front({ allow: 'anyone' })).toBeUndefined()
    expect(front(narrow)).toBe(413)
  })

  test('may take a type that no other route takes', () => {
    expect(arrive('x', narrow, [narrow], 'image/png')).toBe('passes')
    expect(arrive('x', undefined, [narrow], 'image/png')).toBe('415 at the route')
    expect(arrive('x', undefined, [], 'image/png')).toBe('415 before the route')
  })
  test('hold for an announced length before anything has arrived', () => {
    const guard = bodyLimits({}, setup())
    const headers = { 'content-type': JSON_TYPE, 'content-length': '500' }
    const x = exchange({ method: 'POST', headers, contract: narrow, route: about(narrow) })
    guard.judgeBody!(x)
    expect(guard.onRoute!(x)).toMatchObject({ status: 413 })
  })
})

const bad: readonly [string, object, RegExp][] = [
  ['a size', { json: '10 potatoes' }, /BULWARK_SIZE_INVALID[\s\S]*policy\.bodyLimits\.json/],
  ['a size of nothing', { form: 0 }, /BULWARK_SIZE_INVALID/],
  ['a depth', { depth: -1 }, /BULWARK_LIMIT_INVALID[\s\S]*policy\.bodyLimits\.depth/],
  ['a fraction of a key', { keys: 1.5 }, /BULWARK_LIMIT_INVALID/],
  ['an encoding', { compressed: ['zip'] }, /BULWARK_POLICY_INVALID[\s\S]*compressed\[0\]/],
  ['a type with parameters', { other: { 'image/png; q=1': 5 } }, /BULWARK_POLICY_INVALID/],
  ['a query length', { query: 'long' }, /BULWARK_SIZE_INVALID[\s\S]*policy\.bodyLimits\.query/],
]
for (const [what, options, error] of bad) {
  test(`${what} that is none is refused at start-up`, () => {
    expect(() => bodyLimits(options as BodyLimitsOptions, setup())).toThrow(error)
  })
}
