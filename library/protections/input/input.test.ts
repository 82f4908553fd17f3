import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { Ajv } from 'ajv'
import { type } from 'arktype'
import Joi from 'joi'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import * as yup from 'yup'
import { z } from 'zod'
import { prove } from '../../../laws/prove.ts'
import type { Contract } from '../../core/contract.ts'
import type { Denial } from '../../core/guard.ts'
import type { Schema } from '../../core/schema.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { exactBoolean, exactDate, exactNumber } from './exact.ts'
import { type Input, input } from './guard.ts'
import { schemaOf } from './index.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('input', { victim, probes, rules })

interface Sent {
  readonly json?: unknown
  readonly form?: string
  readonly url?: string
  readonly params?: Record<string, string>
  readonly headers?: Record<string, string>
  readonly raw?: string
}

async function ask(contract: Contract, sent: Sent): Promise<Input | Denial> {
  const guard = input({}, setup())
  guard.onRoutes!([{ method: 'POST', path: '/', at: undefined, contract }])
  const body = sent.raw ?? (sent.json === undefined ? sent.form : JSON.stringify(sent.json))
  const kind = sent.form === undefined ? 'application/json' : 'application/x-www-form-urlencoded'
  const x = exchange({
    method: 'POST',
    contract,
    url: sent.url ?? 'https://app.example/',
    headers: { ...(body !== undefined && { 'content-type': kind }), ...sent.headers },
    ...(sent.params && { params: sent.params }),
    ...(body !== undefined && { body }),
  })
  const verdict = await guard.onRoute!(x)
  return (verdict as Denial | undefined) ?? (guard.offers!['input']!(x) as Input)
}

const errorsOf = (outcome: Input | Denial) => ('status' in outcome ? [outcome.status, outcome.errors] : outcome)

const libraries: readonly (readonly [name: string, person: Schema<{ name: string; age: number; home?: object }>])[] = [
  [
    'zod',
    z.object({ name: z.string().min(3), age: z.number(), home: z.object({ city: z.string() }).optional() }) as never,
  ],
  [
    'zod, loose',
    z.looseObject({
      name: z.string().min(3),
      age: z.number(),
      home: z.looseObject({ city: z.string() }).optional(),
    }) as never,
  ],
  [
    'zod, strict',
    z.strictObject({
      name: z.string().min(3),
      age: z.number(),
      home: z.strictObject({ city: z.string() }).optional(),
    }) as never,
  ],
  [
    'valibot',
    v.object({
      name: v.pipe(v.string(), v.minLength(3)),
      age: v.number(),
      home: v.optional(v.object({ city: v.string() })),
    }) as never,
  ],
  [
    'valibot, loose',
    v.looseObject({
      name: v.pipe(v.string(), v.minLength(3)),
      age: v.number(),
      home: v.optional(v.looseObject({ city: v.string() })),
    }) as never,
  ],
  ['arktype', type({ name: 'string >= 3', age: 'number', 'home?': { city: 'string' } }) as never],
  [
    'joi',
    Joi.object({
      name: Joi.string().min(3).required(),
      age: Joi.number().strict().required(),
      home: Joi.object({ city: Joi.string().required() }),
    }) as never,
  ],
  [
    'joi, unknown',
    Joi.object({
      name: Joi.string().min(3).required(),
      age: Joi.number().required(),
      home: Joi.object({ city: Joi.string().required() }).unknown(),
    }).unknown() as never,
  ],
  [
    'yup',
    yup.object({
      name: yup.string().min(3).required(),
      age: yup.number().required(),
      home: yup.object({ city: yup.string().required() }).default(undefined).optional(),
    }) as never,
  ],
  [
    'ajv',
    schemaOf(
      new Ajv().compile<{ name: string; age: number }>({
        type: 'object',
        properties: {
          name: { type: 'string', minLength: 3 },
          age: { type: 'number' },
          home: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
        required: ['name', 'age'],
      }),
    ),
  ],
  [
    'TypeBox',
    schemaOf(
      TypeCompiler.Compile(
        Type.Object({
          name: Type.String({ minLength: 3 }),
          age: Type.Number(),
          home: Type.Optional(Type.Object({ city: Type.String() })),
        }),
      ),
    ) as never,
  ],
]

describe.each(libraries)('a schema of %s', (_, body) => {
  test('gives the handler what was sent', async () => {
    const json = { name: 'Ada', age: 36, home: { city: 'London' } }
    expect(await ask({ body }, { json })).toMatchObject({ body: json })
    expect(await ask({ body }, { json: { name: 'Ada', age: 36 } })).toMatchObject({ body: { name: 'Ada', age: 36 } })
  })

  test('lets no unknown key through, on any level', async () => {
    for (const json of [
      { name: 'Ada', age: 36, isAdmin: true },
      { name: 'Ada', age: 36, home: { city: 'London', isAdmin: true } },
      { name: 'Ada', age: 36, isAdmin: 'no' },
    ]) {
      expect(await ask({ body }, { json })).toMatchObject({ status: 422 })
    }
  })

  test.each([['36'], ['0x24'], [''], [[36]], [{}], [true], [null]])('takes %j for no number in JSON', async (age) => {
    // Some libraries read '36' in JSON on their own: that loses nothing.
    const outcome = await ask({ body }, { json: { name: 'Ada', age } })
    if (age === '36' && 'body' in outcome) expect(outcome.body).toEqual({ name: 'Ada', age: 36 })
    else expect(outcome).toMatchObject({ status: 422 })
  })

  test('reads exact numbers from a form, and no others', async () => {
    expect(await ask({ body }, { form: 'name=Ada&age=36' })).toMatchObject({ body: { name: 'Ada', age: 36 } })
    for (const age of ['', '36abc', '0x24', 'NaN', '+36', '%2036', '1e3', '036', 'Infinity', '36&age=37']) {
      expect(await ask({ body }, { form: `name=Ada&age=${age}` })).toMatchObject({ status: 422 })
    }
  })

  test('says where, and repeats nothing', async () => {
    const secret = 'hunter2-in-the-wrong-field'
    const outcome = await ask({ body }, { json: { name: 'Ada', age: secret } })
    expect(outcome).toMatchObject({ status: 422, errors: [{ path: 'age' }] })
    expect(JSON.stringify(outcome)).not.toContain(secret)
    const short = await ask({ body }, { json: { name: 'x"', age: 36 } })
    expect(short).toMatchObject({ status: 422, errors: [{ path: 'name' }] })
  })
})

test('lists in objects are looked into as well', async () => {
  const body = z.object({ tags: z.array(z.looseObject({ name: z.string() })) })
  expect(await ask({ body }, { json: { tags: [{ name: 'a' }, { name: 'b' }] } })).toMatchObject({
    body: { tags: [{ name: 'a' }, { name: 'b' }] },
  })
  expect(await ask({ body }, { json: { tags: [{ name: 'a' }, { name: 'b', x: 1 }] } })).toMatchObject({
    status: 422,
    errors: [{ path: 'tags.1', message: 'has a key that is not known' }],
  })
})

test('keys that may hold anything are known all the same', async () => {
  const body = z.object({ id: z.number(), meta: z.unknown(), any: z.any() })
  const json = { id: 1, meta: { a: [1, { b: 2 }] }, any: 'x' }
  expect(await ask({ body }, { json })).toMatchObject({ body: json })
})

test('a union takes the keys of its own branches only', async () => {
  const body = z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('a'), left: z.string() }),
    z.object({ kind: z.literal('b'), right: z.string() }),
  ])
  expect(await ask({ body }, { json: { kind: 'a', left: 'x' } })).toMatchObject({ body: { kind: 'a', left: 'x' } })
  expect(await ask({ body }, { json: { kind: 'b', right: 'x' } })).toMatchObject({ body: { kind: 'b', right: 'x' } })
  expect(await ask({ body }, { json: { kind: 'b', right: 'x', other: 1 } })).toMatchObject({ status: 422 })
})

test('what a schema computes is its own business', async () => {
  const body = z.object({
    size: z.string().transform((text) => text.length),
    agreed: z.enum(['yes', 'no']).transform((text) => text === 'yes'),
    at: z.iso.date().transform((text) => new Date(text)),
  })
  const outcome = await ask({ body }, { json: { size: 'four', agreed: 'yes', at: '2026-01-31' } })
  expect(outcome).toMatchObject({ body: { size: 4, agreed: true, at: new Date('2026-01-31') } })
})

test.each([
  [z.object({ n: z.coerce.number() }), { n: '' }],
  [z.object({ n: z.coerce.number() }), { n: '0x2a' }],
  [z.object({ n: z.coerce.number() }), { n: ['42'] }],
  [z.object({ n: z.coerce.number() }), { n: null }],
  [z.object({ n: z.coerce.boolean() }), { n: 'false' }],
  [z.object({ n: z.coerce.string() }), { n: {} }],
  [z.object({ n: z.coerce.date() }), { n: '1' }],
  [z.object({ n: z.coerce.date() }), { n: '2026-02-30' }],
  [yup.object({ n: yup.number().required() }), { n: '4 2' }],
  [yup.object({ n: yup.number().required() }), { n: '\t42' }],
])('a coercing schema cannot bend %#', async (body, json) => {
  expect(errorsOf(await ask({ body }, { json }))).toEqual([422, [{ path: 'n', message: 'is of the wrong type' }]])
})

test('a query is read by the same rules, drops what others added, and takes one value for a list', async () => {
  const query = z.object({ page: z.number().int(), open: z.boolean().optional(), tag: z.array(z.string()).optional() })
  expect(await ask({ query }, { url: 'https://app.example/?page=2&open=true&tag=a&utm_source=x' })).toMatchObject({
    query: { page: 2, open: true, tag: ['a'] },
  })
  expect(await ask({ query }, { url: 'https://app.example/?page=2&tag=a&tag=b' })).toMatchObject({
    query: { page: 2, tag: ['a', 'b'] },
  })
  for (const bad of ['page=2&page=3', 'page=', 'page[$gt]=1', 'page=%ff', 'page=2&open=on', '']) {
    expect(await ask({ query }, { url: `https://app.example/?${bad}` })).toMatchObject({ status: 400 })
  }
  expect(errorsOf(await ask({ query }, { url: 'https://app.example/?page=x' }))).toEqual([
    400,
    [{ path: 'query.page', message: expect.stringContaining('number') }],
  ])
})

test('a loose schema lets nothing unknown through from a query either', async () => {
  const query = z.looseObject({ page: z.number() })
  expect(await ask({ query }, { url: 'https://app.example/?page=2&isAdmin=1' })).toMatchObject({ status: 400 })
})

test('a request without a body passes no rule of joi, unless the schema says that it may be missing', async () => {
  const person = Joi.object({ name: Joi.string().required() })
  expect(errorsOf(await ask({ body: person }, {}))).toEqual([
    422,
    [{ path: 'name', message: expect.stringContaining('required') }],
  ])
  expect(await ask({ body: person.optional() }, {})).toMatchObject({ body: undefined })
  expect(await ask({ body: Joi.object({ note: Joi.string() }) }, {})).toMatchObject({ body: {} })
})

test('parts of the path become what the schema says', async () => {
  const params = z.object({ id: z.number().int().positive() })
  expect(await ask({ params }, { params: { id: '7' } })).toMatchObject({ params: { id: 7 } })
  for (const id of ['7abc', '', '-1', '07', '7.5', '99999999999999999999']) {
    expect(await ask({ params }, { params: { id } })).toMatchObject({ status: 400 })
  }
})

test('of the headers only those that the schema asks for are looked at', async () => {
  const headers = z.strictObject({ 'x-depth': z.number().optional(), 'x-name': z.string() })
  expect(await ask({ headers }, { headers: { 'x-depth': '3', 'x-name': 'a', 'x-other': '\u0001' } })).toMatchObject({
    headers: { 'x-depth': 3, 'x-name': 'a' },
  })
  expect(await ask({ headers }, { headers: { 'x-depth': 'deep', 'x-name': 'a' } })).toMatchObject({ status: 400 })
})

test.each(['a\u0000b', 'a\u001bb', 'a\ud800b', 'a\u0085b', '\udc00'])('no text has %j in it', async (name) => {
  const body = z.object({ name: z.string() })
  expect(errorsOf(await ask({ body }, { json: { name } }))).toEqual([
    422,
    [{ path: 'name', message: 'has characters that no text has' }],
  ])
})

test('tabs, line breaks and emoji are text, also in composed form where asked', async () => {
  const body = z.object({ name: z.string() })
  const name = 'a\tb\r\nc 👩‍🚀 e\u0301'
  expect(await ask({ body }, { json: { name } })).toMatchObject({ body: { name } })
  expect(await ask({ body, unicode: 'NFC' }, { json: { name } })).toMatchObject({
    body: { name: name.normalize('NFC') },
  })
})

test('a body that cannot be read is said to be so, without a word of it', async () => {
  const body = z.object({ name: z.string() })
  expect(await ask({ body }, { raw: '{"name":' })).toMatchObject({ status: 400, reason: 'the body is no JSON' })
  expect(await ask({ body }, { raw: 'x', headers: { 'content-type': 'text/plain' } })).toMatchObject({ status: 415 })
  expect(await ask({ body }, { raw: '{"name":"a"}', headers: { 'content-encoding': 'gzip' } })).toMatchObject({
    status: 400,
  })
  expect(await ask({ body }, { raw: '{"name":"a"}', headers: { 'content-encoding': 'zstd' } })).toMatchObject({
    status: 415,
  })
  expect(await ask({ body }, {})).toMatchObject({ status: 422 })
})

test('the token of a form is no unknown key', async () => {
  const body = z.object({ name: z.string() })
  expect(await ask({ body }, { form: 'name=Ada&_csrf=abc' })).toMatchObject({ body: { name: 'Ada' } })
})

test('an asynchronous schema is waited for', async () => {
  const body = z.object({ name: z.string().refine(async (name) => name !== 'ada', 'is taken already') })
  expect(await ask({ body }, { json: { name: 'free' } })).toMatchObject({ body: { name: 'free' } })
  expect(errorsOf(await ask({ body }, { json: { name: 'ada' } }))).toEqual([
    422,
    [{ path: 'name', message: 'is taken already' }],
  ])
})

test('something else than a schema keeps the app from starting', () => {
  const contract = { body: { parse: () => 1 } as never }
  expect(() => input({}, setup()).onRoutes!([{ method: 'POST', path: '/a', at: undefined, contract }])).toThrow(
    expect.objectContaining({ code: 'BULWARK_SCHEMA_INVALID', at: 'POST /a, secure({ body })' }),
  )
  expect(() => input({ unicode: 'NFD' as never }, setup())).toThrow(/^BULWARK_POLICY_INVALID/)
})

test('a body that was taken without having been declared is told about once, where others declare theirs', () => {
  const guard = input({}, setup())
  const declared = { method: 'POST', path: '/a', at: undefined, contract: { body: z.object({}) } }
  const bare = { method: 'POST', path: '/b', at: undefined, contract: undefined }
  guard.onRoutes!([declared, bare])
  const tell = () => {
    const x = exchange({ method: 'POST', body: 'a', route: bare })
    guard.onResponse!(x)
    return x.events
  }
  expect(tell()).toMatchObject([{ guard: 'input', reason: 'POST /b took a body that it does not declare' }])
  expect(tell()).toEqual([])
})

test.each([
  ['42', 42],
  ['-0.5', -0.5],
  ['0', 0],
  ['9007199254740991', 9007199254740991],
])('%j is a number', (text, number) => {
  expect(exactNumber(text)).toBe(number)
})

test.each([
  '',
  ' 42',
  '42 ',
  '42abc',
  '0x2a',
  '0b1',
  '1e3',
  '042',
  '.5',
  '5.',
  '+1',
  '--1',
  'NaN',
  'Infinity',
  '１２',
  '9007199254740992',
  '1'.repeat(400),
])('%j is no number', (text) => {
  expect(exactNumber(text)).toBeUndefined()
})

test('days that no calendar has are no dates, and only two words are booleans', () => {
  expect(exactDate('2024-02-29')).toEqual(new Date('2024-02-29'))
  for (const text of ['2026-02-29', '2026-13-01', '1', 'tomorrow', '2026-1-1', '2026-04-31T10:00:00Z']) {
    expect(exactDate(text)).toBeUndefined()
  }
  expect([exactBoolean('true'), exactBoolean('false'), exactBoolean('1'), exactBoolean('')]).toEqual([
    true,
    false,
    undefined,
    undefined,
  ])
})

test('packed bodies are unpacked, but never to more than is checked', async () => {
  const body = z.object({ name: z.string() })
  const packed = async (pack: (text: string) => Uint8Array, coding: string, name: string) => {
    const guard = input({}, setup())
    const bytes = pack(JSON.stringify({ name }))
    const x = exchange({
      method: 'POST',
      contract: { body },
      headers: { 'content-type': 'application/json', 'content-encoding': coding },
    })
    Object.assign(x.request, { hasBody: true, bodyBytes: bytes.length, bodyStart: () => [bytes] })
    return ((await guard.onRoute!(x)) as Denial | undefined)?.status ?? (guard.offers!['input']!(x) as Input).body
  }
  for (const [coding, pack] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const) {
    expect(await packed(pack, coding, 'Ada')).toEqual({ name: 'Ada' })
    expect(await packed(pack, coding, 'A'.repeat(10_000_000))).toBe(413)
  }
})
