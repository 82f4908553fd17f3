import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import type { MongoReading } from '../../../firewall/drivers/mongo.ts'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { filter } from '../filter/filter.ts'
import { mongoSink } from './sink.ts'

interface Request {
  readonly json?: unknown
  readonly form?: string
  readonly query?: string
  readonly headers?: readonly string[]
  /** What a parser of the app left on the request. */
  readonly parsed?: unknown
}

function client({ json, form, query, headers = [], parsed }: Request): ClientTexts {
  const body = json !== undefined ? JSON.stringify(json) : (form ?? '')
  const type = json !== undefined ? 'application/json' : 'application/x-www-form-urlencoded'
  const bytes = Buffer.from(body)
  return new ClientTexts({
    target: `/somewhere${query === undefined ? '' : `?${query}`}`,
    rawHeaders: headers,
    header: (name) => (name === 'content-type' ? type : undefined),
    client: '127.0.0.1',
    bodyBytes: bytes.length,
    bodyForSinks: bytes.length === 0 ? [] : [bytes],
    parsedBody: parsed,
  })
}

function stops(request: Request, value: unknown, reading: MongoReading = 'filter'): string | undefined {
  return mongoSink.judge([{ value, reading }], client(request))?.reason
}

const NE = { $ne: null }
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('an operator of the client', () => {
  test.each<[string, Request, unknown]>([
    ['in a body', { json: { secret: NE } }, { name: 'ann', secret: NE }],
    ['as the whole body', { json: { name: { $gt: '' } } }, { name: { $gt: '' } }],
    ['at the top', { json: { $or: [{ a: 1 }, {}] } }, { owner: 'ann', $or: [{ a: 1 }, {}] }],
    ['merged with conditions of the app', { json: { price: { $gt: 0 } } }, { price: { $gt: 0, $lt: 50 } }],
    ['inside of an operator of the app', { json: { f: { a: NE } } }, { $and: [{ b: 1 }, { $or: [{ a: NE }] }] }],
    ['in the name of a field of a query', { query: 'a[$ne]=' }, { a: { $ne: '' } }],
    ['in an encoded name', { query: 'a%5B%24ne%5D=1' }, { a: { $ne: '1' } }],
    ['behind dots', { query: 'a.$ne=1' }, { a: { $ne: '1' } }],
    ['in the name of a field of a form', { form: 'a[$in][]=x&a[$in][1]=y' }, { a: { $in: ['x', 'y'] } }],
    ['behind many brackets', { form: `a${'[b]'.repeat(50)}[$ne]=1` }, { a: { $ne: '1' } }],
    ['in a form that is JSON as well', { form: '["&a[$ne]=1&"]' }, { a: { $ne: '1' } }],
    ['in JSON in a query', { query: `filter=${encodeURIComponent('{"a":{"$ne":1}}')}` }, { a: { $ne: 1 } }],
    ['in JSON in JSON', { json: { f: JSON.stringify({ g: JSON.stringify({ a: NE }) }) } }, { a: NE }],
    [
      'in JSON that was a key before',
      { json: { [JSON.stringify({ a: NE })]: 1, f: JSON.stringify({ a: NE }) } },
      { a: NE },
    ],
    ['written with an escape', { form: '{"a":{"\\u0024ne":1}}' }, { a: { $ne: 1 } }],
    [
      'in a token',
      { headers: ['Authorization', `Bearer ${base64({ alg: 'none' })}.${base64({ sub: NE })}.`] },
      { user: NE },
    ],
    [
      'in a cookie of Express',
      { headers: ['Cookie', `c=${encodeURIComponent('j:{"a":{"$ne":1}}')}`] },
      { a: { $ne: 1 } },
    ],
    ['in base64', { query: `f=${base64({ aaaa: { $ne: 1 } })}` }, { aaaa: { $ne: 1 } }],
    ['as a name and a value', { json: { field: '$where', value: 'sleep(9)' } }, { $where: 'sleep(9)' }],
    ['cast to a number', { json: { age: { $gt: '5' } } }, { age: { $gt: 5 } }],
    ['cast to a truth', { json: { on: { $ne: 'true' } } }, { on: { $ne: true } }],
    ['cast to a date', { json: { at: { $gt: '2020' } } }, { at: { $gt: new Date('2020') } }],
    [
      'cast to an identifier',
      { json: { _id: { $ne: 'AAAAAAAAAAAAAAAAAAAAAAAA' } } },
      { _id: { $ne: new ObjectId('a'.repeat(24)) } },
    ],
    ['cast to a list', { json: { a: { $in: 'x' } } }, { a: { $in: ['x'] } }],
    ['cast to a pattern', { json: { a: { $regex: '^a' } } }, { a: { $regex: /^a/ } }],
    [
      'that is the type of a value',
      { json: { a: { _bsontype: 'Code', code: '1' } } },
      { a: { _bsontype: 'Code', code: '1' } },
    ],
  ])('%s is stopped', (_, request, value) => {
    expect(stops(request, value)).toMatch(/operator/)
  })

  test('by way of a prototype is stopped', () => {
    const json = JSON.parse('{"__proto__":{"$ne":1}}')
    expect(stops({ form: '{"a":{"__proto__":{"$ne":1}}}' }, { a: Object.assign({}, json) })).toMatch(/operator/)
  })

  test('in an object that a parser of the app made is stopped, also when it was changed since', () => {
    const parsed: Record<string, Record<string, unknown>> = { a: { $regex: 'x' } }
    expect(stops({ form: '<a/>', parsed }, { a: { $regex: 'x' } })).toMatch(/operator/)
    const request = client({ form: '<a/>', parsed })
    expect(mongoSink.judge([{ value: { b: { $regex: 'z' } }, reading: 'filter' }], request)).toBe(undefined)
    ;(parsed['a'] as Record<string, unknown>)['$regex'] = 'y'
    expect(mongoSink.judge([{ value: parsed, reading: 'filter' }], request)?.reason).toMatch(/operator/)
  })

  test.each<[string, MongoReading, unknown, unknown]>([
    ['an update', 'update', { $set: { role: 'admin' } }, { $set: { role: 'admin' } }],
    ['a modifier in an update', 'update', { tags: { $each: ['a', 'b'] } }, { $push: { tags: { $each: ['a', 'b'] } } }],
    ['a pipeline', 'compute', [{ $match: {} }, { $out: 'x' }], [{ $match: { a: 1 } }, { $out: 'x' }]],
    ['a bulk write', 'command', { a: NE }, [{ deleteMany: { filter: { a: NE } } }]],
    ['a command', 'command', { a: NE }, { delete: 'people', deletes: [{ q: { a: NE }, limit: 0 }] }],
    ['filters of lists', 'options', { x: { $gt: 1 } }, { arrayFilters: [{ x: { $gt: 1 } }] }],
  ])('in %s is stopped', (_, reading, json, value) => {
    expect(stops({ json }, value, reading)).toMatch(/operator/)
  })

  test('as deep as a parser goes is found in linear time, and overflows nothing', () => {
    const depth = 30_000
    const form = `${'{"a":'.repeat(depth)}{"$ne":1}${'}'.repeat(depth)}`
    expect(stops({ form }, JSON.parse(form))).toMatch(/operator/)
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, { $gt: i }]))
    expect(stops({ json: { wide } }, { $or: Array.from({ length: 5000 }, (_, i) => ({ a: { $gt: i + 9000 } })) })).toBe(
      undefined,
    )
  })

  test('behind more texts than are taken apart is still found', () => {
    const json = {
      f: JSON.stringify({ a: { $nin: [1] } }),
      many: Array.from({ length: 21_000 }, (_, i) => `text ${i}`),
    }
    expect(stops({ json }, { a: { $nin: [1] } })).toMatch(/operator/)
  })

  test('beside more parts than a body has by default is still found, and where a parser made circles as well', () => {
    const many = Array.from({ length: 150_000 }, () => [])
    expect(stops({ json: [many, { a: { $nin: [1] } }] }, { a: { $nin: [1] } })).toMatch(/operator/)
    const parsed: Record<string, unknown> = { a: { $nin: [1] } }
    parsed['self'] = { again: [parsed, parsed] }
    expect(stops({ form: '<a/>', parsed }, { a: { $nin: [1] } })).toMatch(/operator/)
    expect(stops({ form: '<a/>', parsed }, { a: { $in: [1] } })).toBe(undefined)
  })

  test('in a filter that contains itself ends nothing', () => {
    const value: Record<string, unknown> = { a: NE }
    value['self'] = { $and: [value] }
    expect(stops({ json: { $and: 1 } }, value)).toBe(undefined)
  })
})

describe('what is no operator of the client', () => {
  test.each<[string, Request, unknown, MongoReading]>([
    [
      'values in operators of the app',
      { json: { age: 18, name: 'ann' } },
      { age: { $gte: 18 }, name: { $in: ['ann'] } },
      'filter',
    ],
    ['another operand of the same operator', { json: { help: { $gt: 3 } } }, { age: { $gt: 18 } }, 'filter'],
    ['what is set', { json: { note: { a: { $ne: 1 } } } }, { $set: { note: { a: { $ne: 1 } } } }, 'update'],
    [
      'what is stored by a bulk write',
      { json: { $x: 1, y: 2 } },
      [{ insertOne: { document: { $x: 1, y: 2 } } }],
      'command',
    ],
    [
      'text about operators',
      { json: { title: 'How to use $ne', text: 'It is {"$ne": 1}' } },
      { title: { $ne: 'How to use $ne' } },
      'filter',
    ],
    ['a price', { json: { price: '$5' } }, { $set: { price: '$5' } }, 'update'],
    ['literals', { json: { price: '$5' } }, [{ $addFields: { price: { $literal: '$5' } } }], 'compute'],
    ['a number of rows', { json: { limit: 10 } }, { limit: 10 }, 'options'],
    ['fields of the app', { query: 'by=status' }, [{ $group: { _id: '$status' } }], 'compute'],
    ['a filter by filter()', { json: { name: 'ann' }, query: 'a[$eq]=1' }, filter({ name: 'ann' }), 'filter'],
  ])('passes: %s', (_, request, value, reading) => {
    expect(stops(request, value, reading)).toBe(undefined)
  })
})

test('what is stored may begin with a dollar, in lists as well', () => {
  expect(stops({ json: { tags: ['$5'] } }, { $push: { tags: { $each: ['$5'] } } }, 'update')).toBeUndefined()
  expect(stops({ json: { note: '$secret' } }, [{ $set: { note: '$secret' } }], 'update')).toBeDefined()
  expect(stops({ json: { note: '$secret' } }, { u: [{ $set: { note: '$secret' } }] }, 'command')).toBeDefined()
})

test('a reference with blanks that the app cuts off', () => {
  expect(stops({ json: { by: ' $secret\t' } }, [{ $project: { x: '$secret' } }], 'compute')).toBeDefined()
})

describe('a reference of the client', () => {
  test.each<[string, MongoReading, unknown]>([
    ['a pipeline', 'compute', [{ $project: { name: '$password' } }]],
    ['an update with a pipeline', 'update', [{ $set: { name: '$password' } }]],
    ['a projection', 'options', { projection: { name: '$password' } }],
    ['an expression', 'filter', { $expr: { $eq: ['$name', '$password'] } }],
  ])('in %s is stopped', (_, reading, value) => {
    expect(stops({ json: { name: '$password' } }, value, reading)).toMatch(/field/)
  })

  test('is only text where nothing is computed', () => {
    expect(stops({ json: { name: '$password' } }, { name: '$password' })).toBe(undefined)
  })
})

describe('a script', () => {
  const name = "x' || 1 == 1 || 'y"
  test.each<[string, MongoReading, unknown]>([
    ['$where', 'filter', { $where: `this.name == '${name}'` }],
    ['$where with a function', 'filter', { $where: new Function(`return this.name == '${name}'`) }],
    [
      '$function',
      'compute',
      [{ $addFields: { a: { $function: { body: `function () { return '${name}' }`, args: [], lang: 'js' } } } }],
    ],
    ['$accumulator', 'compute', [{ $group: { a: { $accumulator: { init: `function () { return '${name}' }` } } } }]],
    [
      'code by its type',
      'filter',
      { a: Object.assign(Object.create({ _bsontype: 'Code' }), { code: `f('${name}')` }) },
    ],
    ['mapReduce', 'script', `function () { emit('${name}', 1) }`],
    ['the options of mapReduce', 'options', { finalize: `function () { return '${name}' }` }],
  ])('in %s that the client broke out of is stopped', (_, reading, value) => {
    expect(stops({ json: { name } }, value, reading)).toMatch(/script/)
  })

  test('that holds an honest value passes', () => {
    expect(stops({ json: { name: 'Ann Lee' } }, { $where: "this.name == 'Ann Lee'" })).toBe(undefined)
  })

  test('that is the client as a whole is stopped, and one of the app passes whatever the client says', () => {
    const code = 'this.a > this.b'
    expect(stops({ json: { q: code } }, { $where: code })).toMatch(/script/)
    expect(stops({ json: { q: 'else' } }, { $where: code })).toBe(undefined)
    expect(stops({ json: { q: 'a > this' } }, { $where: code })).toBe(undefined)
  })
})

test('a command that the client decides as a whole is stopped', () => {
  expect(stops({ json: { dropDatabase: 1 } }, { dropDatabase: 1 }, 'command')).toMatch(/as a whole/)
  expect(stops({ json: { op: { deleteMany: { filter: {} } } } }, [{ deleteMany: { filter: {} } }], 'command')).toMatch(
    /as a whole/,
  )
  expect(stops({ json: { name: 'ann' } }, { ping: 1 }, 'command')).toBe(undefined)
})

test('a call without anything special asks for no text of the client', () => {
  const untrusted = new Proxy(client({}), {
    get: () => {
      throw new Error('it was asked')
    },
  })
  const value = { name: 'ann', tags: ['a'], at: { city: 'x' } }
  expect(mongoSink.judge([{ value, reading: 'filter' }], untrusted)).toBe(undefined)
})
