import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Contract, KnownRoute } from '../../core/contract.ts'
import type { Denial } from '../../core/guard.ts'
import type { Schema } from '../../core/schema.ts'
import { exchange, type TestExchange } from '../../testing/exchange.ts'
import { readerFor } from './fields/reader.ts'
import { type MassAssignmentOptions, massAssignment } from './guard.ts'
import { pick } from './index.ts'

const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data; boundary=xyz'
const PRIVILEGED = { privileged: ['role', 'isAdmin', 'günstig'] }

interface Sent {
  readonly body: string | Uint8Array
  readonly type?: string
  readonly encoding?: string
  /** How many bytes arrive at once. */
  readonly slice?: number
}

function send(
  { body, type = JSON_TYPE, encoding, slice }: Sent,
  options: MassAssignmentOptions = PRIVILEGED,
): Denial | undefined {
  const guard = massAssignment(options)
  const judge = guard.judgeBody?.(
    exchange({ method: 'POST', headers: { 'content-type': type, 'content-encoding': encoding } }),
  )
  if (judge === undefined || !('onChunk' in judge)) return undefined
  const bytes = Buffer.from(body as string)
  const step = slice ?? Math.max(1, bytes.length)
  for (let i = 0; i < bytes.length; i += step) {
    const denial = judge.onChunk(bytes.subarray(i, i + step))
    if (denial !== undefined) return denial
  }
  return judge.onEnd?.()
}

const part = (name: string, value = 'x'): string =>
  `--xyz\r\nContent-Disposition: form-data; ${name}\r\n\r\n${value}\r\n--xyz--\r\n`

const HOSTILE: readonly (readonly [string, Sent])[] = [
  ['a field', { body: '{"name":"Ada","role":"admin"}' }],
  ['a field with blanks around it', { body: '{ "role"\n\t : "admin" }' }],
  ['a field in an object', { body: '{"user":{"profile":{"role":"admin"}}}' }],
  ['a field in a list', { body: '[{"a":1},{"role":"admin"}]' }],
  ['a field in escapes', { body: '{"r\\u006f\\u006ce":"admin"}' }],
  ['a field with a path', { body: '{"profile.role":"admin"}' }],
  ['a field with an operator', { body: '{"$set":{"role":"admin"}}' }],
  ['a field behind texts that look like its end', { body: '{"a":"\\\\","b":"\\"","role":1}' }],
  ['a field written otherwise', { body: '{"is_admin":true}' }],
  ['a field in capitals', { body: '{"ISADMIN":true}' }],
  ['a field of other letters', { body: '{"günstig":true}' }],
  ['a field behind a mark of the order of bytes', { body: '\uFEFF{"role":1}' }],
  ['a field behind much else', { body: `{"a":"${'b'.repeat(200_000)}","role":1}`, slice: 16_384 }],
  ['a field behind a name without end', { body: `{"${'b'.repeat(5000)}":1,"role":1}` }],
  ['JSON as a text', { body: '{"role":1}', type: 'text/plain' }],
  ['JSON without a type', { body: '{"role":1}', type: '' }],
  ['JSON as a form', { body: ' {"role":1}', type: FORM }],
  ['compressed JSON', { body: gzipSync('{"role":1}'), encoding: 'gzip' }],
  ['otherwise compressed JSON', { body: brotliCompressSync('{"role":1}'), encoding: 'br' }],
  ['a form', { body: 'name=Ada&role=admin', type: FORM }],
  ['a form with nothing but the name', { body: 'name=Ada&role', type: FORM }],
  ['a form with brackets', { body: 'user%5Brole%5D=admin', type: FORM }],
  ['a form with a list', { body: 'role[]=admin', type: FORM }],
  ['a form with a path', { body: 'user.role=admin', type: FORM }],
  ['a form that encodes every letter', { body: '%72%6f%6C%65=admin', type: `${FORM}; charset=utf-8` }],
  ['a form with a name without end', { body: `${'a'.repeat(9000)}[role]=admin`, type: FORM }],
  ['a multipart form', { body: part('name="role"'), type: MULTIPART }],
  ['a multipart form with brackets', { body: part('name="user[role]"'), type: MULTIPART }],
  ['a multipart form without quotes', { body: part('name=role'), type: MULTIPART }],
]

describe('a privileged field is refused', () => {
  test.each(HOSTILE)('in %s', (_, sent) => {
    expect(send(sent)).toMatchObject({ risk: 'mass-assignment', status: 422 })
  })

  test.each(HOSTILE.filter(([, { body }]) => body.length < 50_000))('in %s, byte by byte', (_, sent) => {
    expect(send({ ...sent, slice: 1 })).toMatchObject({ risk: 'mass-assignment' })
  })

  test('by the name that the policy has for it, and by nothing that the client sent', () => {
    expect(send({ body: '{"Is_Admin":"<b>"}' })).toEqual({
      risk: 'mass-assignment',
      reason: 'a field that no client may set: isAdmin',
      status: 422,
      errors: [{ path: 'isAdmin', message: 'is not for clients to set' }],
    })
  })

  test('as is a compressed body that cannot be looked into', () => {
    expect(send({ body: 'no gzip at all', encoding: 'gzip' })).toMatchObject({ status: 415 })
    expect(send({ body: gzipSync('{"role":1}'), encoding: 'zstd' })).toMatchObject({ status: 415 })
  })
})

test('names are those that a parser finds, however the bytes arrive', () => {
  let seed = 11
  const below = (most: number): number => {
    seed = (seed * 48271) % 2147483647
    return seed % most
  }
  const signs = ['a', '"', '\\', '\\\\', ':', '{', ' ', 'é', '\n', ',', '\u{1F600}']
  const text = (): string => Array.from({ length: below(6) }, () => signs[below(signs.length)]).join('')
  const value = (depth: number): unknown => {
    const kind = depth > 3 ? 0 : below(4)
    if (kind === 0) return below(2) === 0 ? text() : below(100)
    if (kind === 1) return Array.from({ length: below(4) }, () => value(depth + 1))
    return Object.fromEntries(Array.from({ length: below(4) }, () => [text(), value(depth + 1)]))
  }
  const namesIn = (each: unknown): string[] =>
    typeof each !== 'object' || each === null
      ? []
      : Object.entries(each).flatMap(([key, inner]) => [...(Array.isArray(each) ? [] : [key]), ...namesIn(inner)])
  for (let i = 0; i < 400; i++) {
    const made = { all: value(0) }
    const bytes = Buffer.from(JSON.stringify(made, null, below(3)))
    const found: string[] = []
    const reader = readerFor(JSON_TYPE, bytes[0] as number, (name) => void found.push(name))
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + below(9)
      reader?.onChunk(bytes.subarray(at, end))
      at = end
    }
    expect(found).toEqual(namesIn(made))
  }
})

test.each<[string, Sent]>([
  ['a value', { body: '{"name":"role","tags":["isAdmin"],"text":"\\"role\\":1"}' }],
  ['a part of a name', { body: '{"roleplay":1,"parole":2,"isAdministrative":3}' }],
  ['a value of a form', { body: 'name=role&tag=isAdmin', type: FORM }],
  ['a part of a name of a form', { body: 'roles_of_old=1', type: FORM }],
  [
    'a file of a multipart form',
    { body: part('name="file"; filename="a.html"', '<select name="role">\r\n{"role":1}'), type: MULTIPART },
  ],
  ['the name of a file', { body: part('name="file"; filename="role"'), type: MULTIPART }],
  ['a text', { body: 'role=admin', type: 'text/plain' }],
  ['bytes', { body: new Uint8Array(300).map((_, i) => i), type: 'application/octet-stream' }],
  ['an empty object', { body: '{}' }],
  ['no object', { body: '"role"' }],
])('%s passes', (_, sent) => {
  expect(send(sent)).toBeUndefined()
  expect(send({ ...sent, slice: 1 })).toBeUndefined()
})

const schema: Schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }
const route = (contract: Contract | undefined): KnownRoute => ({ method: 'POST', path: '/a', at: undefined, contract })

describe('routes', () => {
  const guard = massAssignment(PRIVILEGED)
  const contracts: readonly Contract[] = [{ mayAssign: ['ROLE'] }, { body: schema }]
  guard.onRoutes?.(contracts.map(route))

  /** With the route known before the body, as under Fastify, or after it, as under Express. */
  function judged(contract: Contract | undefined, body: string, knownBefore: boolean): unknown {
    const parts = { method: 'POST', headers: { 'content-type': JSON_TYPE }, deferred: true }
    const x = exchange(knownBefore ? { ...parts, contract, route: route(contract) } : parts)
    const judge = guard.judgeBody?.(x)
    if (judge === undefined || !('onChunk' in judge)) throw new Error('there is a judge')
    const early = judge.onChunk(Buffer.from(body)) ?? judge.onEnd?.()
    if (early !== undefined || knownBefore) return early
    return guard.onRoute?.(Object.assign(exchange({ ...parts, contract, route: route(contract) }), { notes: x.notes }))
  }

  test.each([true, false])('take what they say they take (route known before the body: %s)', (known) => {
    expect(judged(contracts[0], '{"role":1}', known)).toBeUndefined()
    expect(judged(contracts[1], '{"role":1}', known)).toBeUndefined()
    expect(judged(contracts[0], '{"role":1,"isAdmin":1}', known)).toMatchObject({
      status: 422,
      errors: [{ path: 'isAdmin' }],
    })
    expect(judged({}, '{"role":1}', known)).toMatchObject({ status: 422 })
    expect(judged(undefined, '{"role":1}', known)).toMatchObject({ status: 422 })
  })
})

describe('where the policy names nothing', () => {
  const answered = (
    guard: ReturnType<typeof massAssignment>,
    body: string,
    contract?: Contract,
    status = 200,
  ): TestExchange => {
    const x = exchange({
      method: 'POST',
      headers: { 'content-type': JSON_TYPE },
      body,
      contract,
      route: route(contract),
      response: { status },
    })
    guard.onResponse?.(x)
    return x
  }

  test('nothing is refused', () => {
    expect(send({ body: '{"role":1}' }, {})).toBeUndefined()
  })

  test('an event tells once of each route and name', () => {
    const guard = massAssignment({})
    expect(answered(guard, '{"user":{"is_admin":1,"is_admin":2,"role":3}}').events).toMatchObject([
      {
        guard: 'mass-assignment',
        reason: expect.stringContaining('isAdmin'),
        fix: expect.stringContaining("['isAdmin']"),
      },
      { reason: expect.stringContaining('role') },
    ])
    expect(answered(guard, '{"role":3}').events).toEqual([])
    expect(answered(massAssignment({}), '{"name":"role"}').events).toEqual([])
  })

  test('of a long body by its beginning', () => {
    const long = 'b'.repeat(9000)
    expect(answered(massAssignment({}), `{"role":1,"a":"${long}"}`).events).toHaveLength(1)
    expect(answered(massAssignment({}), `{"a":"${long}","role":1}`).events).toEqual([])
  })

  test('and not of what a route takes, or has refused', () => {
    const guard = massAssignment({})
    expect(answered(guard, '{"role":3}', { mayAssign: ['role'] }).events).toEqual([])
    expect(answered(guard, '{"role":3}', { body: schema }).events).toEqual([])
    expect(answered(guard, '{"role":3}', undefined, 400).events).toEqual([])
    expect(answered(guard, '{"role":3}').events).toHaveLength(1)
  })
})

test.each<{ readonly privileged: unknown }>([
  { privileged: 'role' },
  { privileged: ['a.b', 'role'] },
  { privileged: [''] },
  { privileged: ['--'] },
  { privileged: ['a'.repeat(65)] },
  { privileged: [1] },
])('names of fields that are none keep the app from starting: %j', ({ privileged }) => {
  expect(() => massAssignment({ privileged: privileged as never })).toThrow(
    /BULWARK_POLICY_INVALID[\s\S]*policy\.massAssignment\.privileged/,
  )
  expect(() => massAssignment({}).onRoutes?.([route({ mayAssign: privileged as never })])).toThrow(
    /secure\(\{ mayAssign \}\)/,
  )
})

describe('pick()', () => {
  test('copies what is named and is there', () => {
    const body = { title: 'a', text: undefined, role: 'admin' }
    const picked = pick(body, ['title', 'text', 'missing'])
    const title: string | undefined = picked.title
    expect([picked, title]).toEqual([{ title: 'a', text: undefined }, 'a'])
    expect(Object.keys(picked)).toEqual(['title', 'text'])
  })

  test('takes nothing of a prototype, and changes none', () => {
    const body = JSON.parse('{"__proto__":{"role":"admin"},"a":1}') as object
    expect(pick(body, ['__proto__', 'constructor', 'toString', 'a'])).toEqual({ a: 1 })
    expect(Object.getPrototypeOf(pick(body, ['__proto__']))).toBe(Object.prototype)
    expect(pick(Object.create({ role: 'admin' }) as object, ['role'])).toEqual({})
  })

  test('makes an empty object of what is none', () => {
    for (const body of [undefined, null, 'text' as never, 7 as never]) expect(pick(body, ['length'])).toEqual({})
  })
})
