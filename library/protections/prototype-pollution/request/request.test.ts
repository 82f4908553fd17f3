import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { off } from '../../../core/policy.ts'
import { exchange, setup } from '../../../testing/exchange.ts'
import { type PrototypePollutionOptions, prototypePollution } from '../guard.ts'
import { isNameOfPrototype, isPathToPrototype } from './paths.ts'

const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data; boundary=XyZ'

type Verdict = 'passes' | 'is refused'

function verdictOf(denial: unknown): Verdict {
  return denial === undefined ? 'passes' : 'is refused'
}

function judged(target: string, headers: Record<string, string> = {}): Verdict {
  return verdictOf(prototypePollution({}, setup()).onRequest?.(exchange({ target, headers })))
}

/** What becomes of a body that arrives in slices. */
function sent(type: string, body: string | Uint8Array, slice = 1_000_000): Verdict {
  const x = exchange({ method: 'POST', headers: { 'content-type': type, 'content-length': '1' } })
  const judge = prototypePollution({}, setup()).judgeBody?.(x)
  if (judge === undefined || !('onChunk' in judge)) throw new Error('every body has a judge')
  const bytes = Buffer.from(body as string)
  for (let i = 0; i < bytes.length; i += slice) {
    const denial = judge.onChunk(bytes.subarray(i, i + slice))
    if (denial !== undefined) return 'is refused'
  }
  return verdictOf(judge.onEnd?.())
}

describe('a text', () => {
  const texts: readonly [text: string, isPath: boolean][] = [
    ['__proto__', true],
    ['__proto__.isAdmin', true],
    ['a.__proto__.b', true],
    ['a[__proto__][b]', true],
    ['a["__proto__"].b', true],
    ["['__proto__']", true],
    ['["__pr\\oto__"].x', true],
    ['a["b c"].__proto__.x', true],
    [' __proto__.x ', true],
    ['/__proto__/x', true],
    ['#/__proto__/x', true],
    ['a:__proto__:b', true],
    ['constructor.prototype.x', true],
    ['a.constructor.prototype.b', true],
    ['/constructor/prototype/x', true],
    ['constructor[prototype]', true],
    ['a["constructor"]["prototype"].b', true],
    ['constructor', false],
    ['prototype', false],
    ['proto', false],
    ['Object.prototype.hasOwnProperty', false],
    ['the constructor of a prototype', false],
    ['a.constructor.name', false],
    ['my__proto__', false],
    ['__proto__s', false],
    ['x-__proto__', false],
    ['__PROTO__', false],
    ['In JavaScript, a.__proto__.b leads to the prototype.', false],
    ['What __proto__ does,\nand why', false],
    ['C:\\Users\\proto', false],
    ['', false],
  ]
  test.each(texts)('%j: a path to a prototype? %s', (text, isPath) => {
    expect(isPathToPrototype(text)).toBe(isPath)
  })

  test.each([
    ['__proto__', true],
    ['a b.__proto__.c', true],
    ['x[constructor][y][prototype]', true],
    ['constructor', false],
    ['prototype.constructor', false],
    ['proto', false],
  ])('%j: a name of a prototype? %s', (name, isName) => {
    expect(isNameOfPrototype(name)).toBe(isName)
  })
})

describe('a request target', () => {
  const targets: readonly [target: string, verdict: Verdict][] = [
    ['/', 'passes'],
    ['/docs/constructor', 'passes'],
    ['/a?b=c&d[e]=f', 'passes'],
    ['/search?q=what+__proto__+is', 'passes'],
    ['/search?q=constructor', 'passes'],
    ['/?pattern=100%25&mail=a%40b.example&x=%7B%7D', 'passes'],
    ['/?a=prototype&b=constructor', 'passes'],
    ['/?a=%', 'passes'],
    ['/a/__proto__/b', 'is refused'],
    ['/a/%5f%5fproto__/b', 'is refused'],
    ['/a/constructor/prototype', 'is refused'],
    ['/?__proto__=1', 'is refused'],
    ['/?__proto__', 'is refused'],
    ['/?a[__proto__][b]=1', 'is refused'],
    ['/?a%5B__proto__%5D=1', 'is refused'],
    ['/?%5F%5F%70roto__=1', 'is refused'],
    ['/?constructor[prototype][x]=1', 'is refused'],
    ['/?constructor.prototype.x=1', 'is refused'],
    ['/?path=__proto__.x', 'is refused'],
    ['/?key=__proto__', 'is refused'],
    ['/?key=__pro%74o__', 'is refused'],
    ['/?key=%255f%255fproto__', 'is refused'],
    ['/?key=__pro%2574o__', 'is refused'],
    ['/?path=a&path=constructor&path=prototype&path=x', 'is refused'],
    ['/?filter={"__proto__":1}', 'is refused'],
    ['/?filter=%7B%22a%22%3A%7B%22__proto__%22%3A1%7D%7D', 'is refused'],
    ['/?filter=%7B%22\\u005f_pr\\u006fto__%22%3A1%7D', 'is refused'],
    ['/?path=["a","constructor","prototype"]', 'is refused'],
    ['/?path=["__proto__"].x', 'is refused'],
    ['/?path=%5B%22__pr%5Coto__%22%5D', 'is refused'],
  ]
  test.each(targets)('%s %s', (target, verdict) => {
    expect(judged(target)).toBe(verdict)
  })

  test('is not repeated in what is refused', () => {
    const denial = prototypePollution({}, setup()).onRequest?.(exchange({ target: '/?secretWord.__proto__=1' }))
    expect(denial).toMatchObject({ risk: 'prototype-pollution', status: 400 })
    expect(JSON.stringify(denial)).not.toMatch(/secretWord|__proto__/)
  })
})

test.each<[cookie: string, verdict: Verdict]>([
  ['id=7; theme=dark', 'passes'],
  ['theme=%7B%22a%22%3A1%7D', 'passes'],
  ['p=j%3A%7B%22__proto__%22%3A%7B%22x%22%3A1%7D%7D', 'is refused'],
  ['p=s%3Aj%3A%7B%22__proto__%22%3A1%7D.signature', 'is refused'],
  ['p=j%3A%7B%22a%22%3A%20%7B%22__proto__%22%3A%201%7D%7D', 'is refused'],
  ['p=s%3Aj%3A%7B%22a%22%3A%20%7B%22__proto__%22%3A%201%7D%7D.signature', 'is refused'],
  ['path=a.__proto__.b', 'is refused'],
  ['path=s%3A__proto__.signature', 'is refused'],
])('the cookie %s %s', (cookie, verdict) => {
  expect(judged('/', { cookie })).toBe(verdict)
})

describe('a body', () => {
  const form = (name: string, value: string, more = ''): string =>
    `--XyZ\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n--XyZ--\r\n`

  const bodies: readonly [type: string, body: string, verdict: Verdict][] = [
    [JSON_TYPE, '{"name":"Ada","constructor":"Ferrari","note":"prototype"}', 'passes'],
    [JSON_TYPE, '{"text":"Never use __proto__, they say."}', 'passes'],
    [JSON_TYPE, '{"constructor":{"name":"x"},"a":{"prototype":1}}', 'passes'],
    [JSON_TYPE, '["prototype","constructor"]', 'passes'],
    [JSON_TYPE, '{"a":', 'passes'],
    [JSON_TYPE, '{"__proto__":{"x":1}}', 'is refused'],
    [JSON_TYPE, '{"a":[{"__proto__":1}]}', 'is refused'],
    [JSON_TYPE, '{"\\u005f_pr\\u006fto__":1}', 'is refused'],
    [JSON_TYPE, '{"a.__proto__.b":1}', 'is refused'],
    [JSON_TYPE, '{"constructor":{"prototype":{"x":1}}}', 'is refused'],
    [JSON_TYPE, '{"path":"a.__proto__.b","value":1}', 'is refused'],
    [JSON_TYPE, '{"path":"__pr\\u006fto__"}', 'is refused'],
    [JSON_TYPE, '{"path":"[\\"__pr\\\\oto__\\"].x"}', 'is refused'],
    [JSON_TYPE, '{"path":["__proto__","isAdmin"]}', 'is refused'],
    [JSON_TYPE, '{"path":["constructor","prototype","isAdmin"]}', 'is refused'],
    [JSON_TYPE, '[{"op":"add","path":"/__proto__/isAdmin","value":true}]', 'is refused'],
    [JSON_TYPE, '[{"op":"move","from":"/constructor/prototype/a","path":"/b"}]', 'is refused'],
    [JSON_TYPE, '{"packed":"{\\"__proto__\\":{\\"x\\":1}}"}', 'is refused'],
    [JSON_TYPE, `${'['.repeat(5000)}"__proto__"${']'.repeat(5000)}`, 'is refused'],
    ['application/json-patch+json', '[{"op":"add","path":"/constructor/prototype/x","value":1}]', 'is refused'],
    ['application/merge-patch+json', '{"__proto__":{"x":1}}', 'is refused'],
    ['text/plain', '{"__proto__":{"x":1}}', 'is refused'],
    ['text/plain', '__proto__.x', 'is refused'],
    ['text/plain', 'About __proto__.x and other roads', 'passes'],
    ['image/png', '{"__proto__":{"x":1}}', 'passes'],
    [FORM, 'a=b&c=prototype', 'passes'],
    [FORM, 'text=the+__proto__+of+things', 'passes'],
    [FORM, '__proto__.x=1', 'is refused'],
    [FORM, '__%70roto__.x=1', 'is refused'],
    [FORM, 'a%5B__pr%6Fto__%5D%5Bx%5D=1', 'is refused'],
    [FORM, 'constructor%5Bprototype%5D%5Bx%5D=1', 'is refused'],
    [FORM, 'path=a&path=constructor&path=prototype', 'is refused'],
    [FORM, 'path=%5F%5Fproto%5F%5F.x', 'is refused'],
    [FORM, 'path=%5B%22__pr%5Coto__%22%5D', 'is refused'],
    [MULTIPART, form('title', 'hello\r\nworld'), 'passes'],
    [MULTIPART, form('__proto__', 'x'), 'is refused'],
    [MULTIPART, form('a[__proto__][b]', 'x'), 'is refused'],
    [MULTIPART, form('path', '__proto__.x'), 'is refused'],
    [MULTIPART, form('path', '{"__proto__":1}'), 'is refused'],
    [MULTIPART, form('file', '__proto__.x', '; filename="a.js"'), 'passes'],
    [MULTIPART, form('a', 'b').replace('--XyZ--\r\n', '') + form('path', '__proto__.x'), 'is refused'],
    [MULTIPART, '--XyZ\nContent-Disposition: form-data; name=path\n\n__proto__.x\n--XyZ--', 'is refused'],
    [
      MULTIPART,
      `--XyZ\r\nContent-Disposition: form-data; name="a"\r\n\r\n--XyZ\r\nContent-Disposition: form-data; name="b"\r\n\r\n__proto__\r\n--XyZ--`,
      'is refused',
    ],
  ]
  test.each(bodies)('of the type %s, %s, %s', (type, body, verdict) => {
    expect(sent(type, body)).toBe(verdict)
    // However it arrives.
    expect(sent(type, body, 1)).toBe(verdict)
    expect(sent(type, body, 7)).toBe(verdict)
  })

  test('that cannot be read passes, with one event', () => {
    const guard = prototypePollution({}, setup())
    const events: unknown[] = []
    for (const headers of [
      { 'content-type': JSON_TYPE, 'content-encoding': 'unknown' },
      { 'content-type': JSON_TYPE, 'content-encoding': 'unknown' },
    ]) {
      const x = exchange({ method: 'POST', headers: { ...headers, 'content-length': '9' } })
      const judge = guard.judgeBody?.(x)
      if (judge === undefined || !('onChunk' in judge)) throw new Error('every body has a judge')
      judge.onChunk(Buffer.from('__proto__'))
      expect(judge.onEnd?.()).toBeUndefined()
      events.push(...x.events)
    }
    expect(events).toEqual([expect.objectContaining({ risk: 'prototype-pollution', guard: 'prototype-pollution' })])
  })

  test('of more than 4 MB passes, with an event', () => {
    const x = exchange({ method: 'POST', headers: { 'content-type': JSON_TYPE, 'content-length': '9' } })
    const judge = prototypePollution({}, setup()).judgeBody?.(x)
    if (judge === undefined || !('onChunk' in judge)) throw new Error('every body has a judge')
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    for (let i = 0; i < 5; i++) judge.onChunk(chunk)
    expect(judge.onEnd?.()).toBeUndefined()
    expect(x.events).toHaveLength(1)
  })
})

test('honest JSON, forms and queries are never refused', () => {
  // The generator knows the words that are none of an honest client, and likes them.
  const isHonest = (text: string): boolean => !/__proto__|prototype/.test(text)
  const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })).filter(isHonest)
  const word = fc.oneof(text, fc.constantFrom('constructor', 'proto', '__a__', 'a.constructor.b'))
  const json = fc
    .jsonValue({ stringUnit: 'grapheme' })
    .map((value) => JSON.stringify(value))
    .filter(isHonest)
  const pairs = fc.array(fc.tuple(word, word), { maxLength: 5 })
  fc.assert(
    fc.property(json, pairs, (body, fields) => {
      const query = new URLSearchParams(fields).toString()
      expect([sent(JSON_TYPE, body), sent(FORM, query), judged(`/?${query}`)]).toEqual(['passes', 'passes', 'passes'])
    }),
    { numRuns: 300 },
  )
})

describe('a route that may be asked about prototypes', () => {
  const contract = { prototypePollution: off('a manual of JavaScript') }
  const route = { method: 'GET', path: '/manual', at: undefined, contract }
  const target = '/manual?q=__proto__'

  test('takes such a request, and no other route does', () => {
    const guard = prototypePollution({}, setup())
    guard.onRoutes?.([route])
    const asked = exchange({ target, contract, deferred: true })
    const other = exchange({ target, contract: {}, deferred: true })
    expect([guard.onRequest?.(asked), guard.onRequest?.(other)]).toEqual([undefined, undefined])
    expect(guard.onRoute?.(asked)).toBeUndefined()
    expect(guard.onRoute?.(other)).toMatchObject({ status: 400 })
  })

  test('leaves no way around the routes', () => {
    const guard = prototypePollution({}, setup())
    guard.onRoutes?.([route])
    const [asked, unrouted] = [exchange({ target, contract, deferred: true }), exchange({ target, deferred: true })]
    void guard.onRequest?.(asked)
    void guard.onRequest?.(unrouted)
    void guard.onRoute?.(asked)
    expect([asked.lateRefusal, guard.onResponse?.(asked)]).toEqual([true, undefined])
    expect([unrouted.lateRefusal, guard.onResponse?.(unrouted)]).toMatchObject([true, { status: 400 }])
    expect(guard.onRequest?.(exchange({ target, upgrade: true }))).toMatchObject({ status: 400 })
  })

  test('takes such a body, once it is known that the route is this one', () => {
    const guard = prototypePollution({}, setup())
    guard.onRoutes?.([route])
    for (const known of [
      { contract, route },
      { contract: {}, route: { ...route, contract: {} } },
    ]) {
      const headers = { 'content-type': JSON_TYPE, 'content-length': '9' }
      const x = exchange({ method: 'POST', headers, deferred: true, ...known })
      const judge = guard.judgeBody?.(x)
      if (judge === undefined || !('onChunk' in judge)) throw new Error('every body has a judge')
      judge.onChunk(Buffer.from('["__proto__"]'))
      expect(verdictOf(judge.onEnd?.())).toBe(known.contract === contract ? 'passes' : 'is refused')
    }
  })

  test('says so with off() and in no other way', () => {
    const wrong = { ...route, contract: { prototypePollution: 'no' as never } }
    expect(() => prototypePollution({}, setup()).onRoutes?.([wrong])).toThrow(/BULWARK_POLICY_INVALID/)
  })
})

test.each([
  ['known that is no list', { known: 'color' }],
  ['known with what is no name', { known: ['a b'] }],
  ['known with what is no text', { known: [7] }],
  ['freeze that is neither true nor false', { freeze: 'yes' }],
])('%s is refused at start-up', (_what, options) => {
  const make = (): unknown => prototypePollution(options as unknown as PrototypePollutionOptions, setup())
  expect(make).toThrow(/BULWARK_POLICY_INVALID/)
  expect(make).toThrow(/policy\.prototypePollution\./)
})
