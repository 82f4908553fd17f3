import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { filter, isMade } from './filter.ts'

interface Person {
  readonly name: string
  readonly age: number
}

const refused = expect.objectContaining({ code: 'BULWARK_QUERY_INVALID', status: 400 })

describe('filter()', () => {
  test('compares each value as it is, whatever it looks like', () => {
    const id = new ObjectId()
    const made = filter({ name: '$ne', age: 5, on: true, at: null, _id: id, 'home.city': 'Rome' })
    expect(made).toEqual({
      name: { $eq: '$ne' },
      age: { $eq: 5 },
      on: { $eq: true },
      at: { $eq: null },
      _id: { $eq: id },
      'home.city': { $eq: 'Rome' },
    })
    expect(isMade(made)).toBe(true)
    expect(isMade({ ...made })).toBe(false)
    expect(() => Object.assign(made, { $where: '1' })).toThrow(TypeError)
  })

  test.each([
    [undefined],
    [Number.NaN],
    [{ $ne: null }],
    [{}],
    [['a']],
    [() => true],
    [Symbol('a')],
    [/a/],
    [{ _bsontype: 'Code', code: '1' }],
  ])('refuses %o as a value', (value) => {
    expect(() => filter({ name: value })).toThrow(refused)
    expect(() => filter.not(value)).toThrow(refused)
    expect(() => filter.oneOf([value])).toThrow(refused)
    expect(() => filter.set({ name: value }, ['name'])).toThrow(refused)
  })

  test.each(['$where', '$or', '', 'a\0b', 'a.$b', 'a.__proto__'])('refuses %j as a field', (name) => {
    expect(() => filter({ [name]: 'a' })).toThrow(refused)
    expect(() => filter.set({ [name]: 'a' }, [name])).toThrow(refused)
  })

  test.each([[undefined], [null], ['a'], [['a']]])('refuses %j for the fields', (fields) => {
    expect(() => filter(fields as never)).toThrow(refused)
  })

  test('knows the types of the fields', () => {
    expect(filter<Person>({ name: 'ann', age: filter.above(3) })).toEqual({ name: { $eq: 'ann' }, age: { $gt: 3 } })
    // @ts-expect-error a condition for texts is none for numbers
    filter<Person>({ age: filter.contains('3') })
    // @ts-expect-error an age is no text
    filter<Person>({ age: '3' })
  })
})

test('conditions are the operators that they are named for', () => {
  expect(
    filter({
      a: filter.not('x'),
      b: filter.between(1, 5),
      c: filter.oneOf(['x', 'y']),
      d: filter.noneOf([1]),
      e: filter.exists(),
      f: filter.atMost(5),
      g: filter.below(5),
      h: filter.exists(false),
    }),
  ).toEqual({
    a: { $ne: 'x' },
    b: { $gte: 1, $lt: 5 },
    c: { $in: ['x', 'y'] },
    d: { $nin: [1] },
    e: { $exists: true },
    f: { $lte: 5 },
    g: { $lt: 5 },
    h: { $exists: false },
  })
  expect(() => filter.oneOf('abc' as never)).toThrow(refused)
})

test('text to look for means itself, sign by sign', () => {
  const text = String.raw`a.*(b+)+$ [c] {d} |^\e-f #g/`
  const made = filter({ t: filter.startsWith(text), u: filter.contains(text, { anyCase: true }) }) as Record<
    string,
    Record<string, string>
  >
  expect(new RegExp(made['t']?.['$regex'] ?? '').test(`${text} and more`)).toBe(true)
  expect(new RegExp(made['u']?.['$regex'] ?? '', made['u']?.['$options']).test(`before ${text.toUpperCase()}`)).toBe(
    true,
  )
  expect(new RegExp(made['t']?.['$regex'] ?? '').test(`aaa ${text}`)).toBe(false)
  expect(() => filter.contains({} as never)).toThrow(refused)
})

test('filters are joined with others that filter() made, and with no others', () => {
  const [a, b] = [filter({ a: 1 }), filter({ b: 2 })]
  expect(filter.either(a, b)).toEqual({ $or: [a, b] })
  expect(filter.all(a, filter.either(b))).toEqual({ $and: [a, { $or: [b] }] })
  expect(() => filter.either(a, { b: { $ne: null } })).toThrow(refused)
  expect(() => filter.all()).toThrow(refused)
})

test('set takes fields from its list only', () => {
  expect(filter.set({ name: 'Ann', age: 3 }, ['name', 'age'])).toEqual({ $set: { name: 'Ann', age: 3 } })
  expect(() => filter.set({ name: 'Ann', role: 'admin' }, ['name'])).toThrow(refused)
  expect(() => filter.set({}, ['name'])).toThrow(refused)
  expect(() => filter.set(null, ['name'])).toThrow(refused)
})
