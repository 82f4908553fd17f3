import { BSON } from 'mongodb'

export type Doc = { [key: string]: unknown }

/** Whether it is a document, and neither an array nor one of BSON's own types. */
export function isDoc(value: unknown): value is Doc {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return bsonType(value) === undefined && !(value instanceof Date) && !(value instanceof RegExp)
}

export function isNumber(value: unknown): boolean {
  return rankOf(value) === RANK.number
}

/** A deep copy, by way of the wire: what MongoDB would not store does not survive. */
export function copyOf(doc: Doc): Doc {
  return decode(encode(doc))
}

export function encode(doc: Doc): Uint8Array {
  return BSON.serialize(doc, { ignoreUndefined: true })
}

export function decode(bytes: Uint8Array): Doc {
  return BSON.deserialize(bytes, { promoteBuffers: false })
}

/**
 * The order of MongoDB over values of all types: negative, 0 or positive. `undefined` stands for a missing field, which sorts as null.
 * Numbers compare by value whatever their type; of a Decimal128 only as much as a double holds.
 */
export function compare(a: unknown, b: unknown): number {
  const rank = rankOf(a)
  const difference = rank - rankOf(b)
  if (difference !== 0) return difference
  switch (rank) {
    case RANK.number:
      return compareNumbers(a, b)
    case RANK.string:
      return a === b ? 0 : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
    case RANK.document:
      return compareDocs(a as Doc, b as Doc)
    case RANK.array:
      return compareArrays(a as unknown[], b as unknown[])
    case RANK.null:
    case RANK.least:
    case RANK.greatest:
      return 0
    case RANK.boolean:
      return Number(a) - Number(b)
    case RANK.date:
      return Number(a) - Number(b)
    default: {
      const [x, y] = [toComparable(a), toComparable(b)]
      return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0)
    }
  }
}

export function isEqual(a: unknown, b: unknown): boolean {
  return compare(a, b) === 0
}

/** The same text for two values exactly when they are equal. */
export function toKey(value: unknown): string {
  const rank = rankOf(value)
  switch (rank) {
    case RANK.number:
      return `${rank}:${toNumberText(value)}`
    case RANK.document:
      return `{${Object.entries(value as Doc).map(([name, part]) => `${JSON.stringify(name)}:${toKey(part)}`)}}`
    case RANK.array:
      return `[${(value as unknown[]).map(toKey)}]`
    case RANK.null:
    case RANK.least:
    case RANK.greatest:
      return `${rank}`
    case RANK.boolean:
    case RANK.date:
      return `${rank}:${Number(value)}`
    default:
      return `${rank}:${JSON.stringify(rank === RANK.string ? String(value) : toComparable(value))}`
  }
}

/** The place of a type among the others; numbers of all types share one. */
const RANK = {
  least: -1,
  null: 5,
  number: 10,
  string: 15,
  document: 20,
  array: 25,
  binary: 30,
  objectId: 35,
  boolean: 40,
  date: 45,
  timestamp: 47,
  regex: 50,
  code: 60,
  greatest: 127,
} as const

const BSON_RANKS: Readonly<Record<string, number>> = {
  MinKey: RANK.least,
  Int32: RANK.number,
  Long: RANK.number,
  Double: RANK.number,
  Decimal128: RANK.number,
  BSONSymbol: RANK.string,
  DBRef: RANK.document,
  Binary: RANK.binary,
  ObjectId: RANK.objectId,
  Timestamp: RANK.timestamp,
  BSONRegExp: RANK.regex,
  Code: RANK.code,
  MaxKey: RANK.greatest,
}

/** Where its type stands in MongoDB's order. Comparisons such as `$gt` hold only between values of one rank. */
export function rankOf(value: unknown): number {
  if (value === undefined || value === null) return RANK.null
  if (typeof value === 'number' || typeof value === 'bigint') return RANK.number
  if (typeof value === 'string') return RANK.string
  if (typeof value === 'boolean') return RANK.boolean
  if (Array.isArray(value)) return RANK.array
  if (value instanceof Date) return RANK.date
  if (value instanceof RegExp) return RANK.regex
  return BSON_RANKS[bsonType(value) ?? ''] ?? RANK.document
}

/** Names and numbers by which `$type` knows the type of a value. */
export function typesOf(value: unknown): readonly [name: string, number: number] {
  switch (rankOf(value)) {
    case RANK.number: {
      const type = bsonType(value)
      if (type === 'Long' || typeof value === 'bigint') return ['long', 18]
      if (type === 'Decimal128') return ['decimal', 19]
      return Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31 ? ['int', 16] : ['double', 1]
    }
    case RANK.null:
      return ['null', 10]
    case RANK.string:
      return ['string', 2]
    case RANK.document:
      return ['object', 3]
    case RANK.array:
      return ['array', 4]
    case RANK.binary:
      return ['binData', 5]
    case RANK.objectId:
      return ['objectId', 7]
    case RANK.boolean:
      return ['bool', 8]
    case RANK.date:
      return ['date', 9]
    case RANK.regex:
      return ['regex', 11]
    case RANK.code:
      return ['javascript', 13]
    case RANK.timestamp:
      return ['timestamp', 17]
    case RANK.least:
      return ['minKey', -1]
    default:
      return ['maxKey', 127]
  }
}

function bsonType(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  // Only BSON's own classes have it on their prototype: a document may have a field of this name.
  if (Object.hasOwn(value, '_bsontype') || !('_bsontype' in value)) return undefined
  return String(value._bsontype)
}

function compareNumbers(a: unknown, b: unknown): number {
  const [x, y] = [toExact(a), toExact(b)]
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : -1
  if (Number.isNaN(y)) return 1
  return x < y ? -1 : x > y ? 1 : 0
}

function toExact(value: unknown): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  return bsonType(value) === 'Long' ? BigInt(String(value)) : Number(String(value))
}

function toNumberText(value: unknown): string {
  const exact = toExact(value)
  if (typeof exact === 'bigint') return exact.toString()
  return Number.isInteger(exact) ? BigInt(exact).toString() : String(exact)
}

function compareDocs(a: Doc, b: Doc): number {
  const [left, right] = [Object.entries(a), Object.entries(b)]
  for (const [index, [name, value]] of left.entries()) {
    const other = right[index]
    if (!other) return 1
    const difference =
      rankOf(value) - rankOf(other[1]) ||
      Buffer.compare(Buffer.from(name), Buffer.from(other[0])) ||
      compare(value, other[1])
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

function compareArrays(a: readonly unknown[], b: readonly unknown[]): number {
  for (const [index, value] of a.entries()) {
    if (index >= b.length) return 1
    const difference = compare(value, b[index])
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** A text whose length and order are those of the value, for the types that are seldom compared. */
function toComparable(value: unknown): string {
  if (value instanceof RegExp) return `/${value.source}/${value.flags}`
  if (value instanceof BSON.Binary) {
    return String.fromCharCode(value.sub_type) + Buffer.from(value.value()).toString('latin1')
  }
  if (value instanceof BSON.ObjectId) return value.toHexString()
  if (value instanceof BSON.Timestamp) return value.toString().padStart(20, '0')
  return BSON.EJSON.stringify(value)
}
