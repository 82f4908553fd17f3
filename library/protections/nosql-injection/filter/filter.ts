import { shared } from '../../../firewall/shared.ts'
import { isBson } from '../judge/likeness.ts'
import { RefusedFilter } from './refused.ts'

/** What a filter may compare with: everything that is one value. Identifiers, decimals and other types of the driver are objects with a class. */
export type Scalar = string | number | bigint | boolean | null | Date | Uint8Array | { readonly _bsontype: string }

/** An operator that the app wrote. Nothing that came as JSON is one. */
export class Condition<T> {
  /** Only for the compiler: a condition for numbers is none for texts. */
  declare readonly of: T
  readonly #operators: Readonly<Record<string, unknown>>

  constructor(operators: Readonly<Record<string, unknown>>) {
    this.#operators = Object.freeze(operators)
  }

  /** What the driver gets. @internal */
  static write(condition: Condition<unknown>): Readonly<Record<string, unknown>> {
    return condition.#operators
  }
}

/** What `filter()` is given: a value, or a condition, for each field. `undefined` is refused: MongoDB would leave the condition out. */
export type Filters<T> = { readonly [K in keyof T]?: T[K] | Condition<T[K]> } & {
  /** `'address.city'` */
  readonly [path: `${string}.${string}`]: unknown
}

/** A filter for the driver, in which every operator was written by the app. */
export type Filter = Readonly<Record<string, unknown>>

/** The function itself, and the conditions. */
export interface FilterKit {
  /**
   * A filter in which each value is compared as it is: `people.findOne(filter({ name: req.body.name, age: filter.atLeast(18) }))`.
   *
   * **Security**: objects, lists, functions, `undefined` and NaN are refused as values, and operators as names (CWE-943, ASVS 1.2.4).
   * @throws BulwarkError `BULWARK_QUERY_INVALID` (status 400)
   */
  <T = Record<string, unknown>>(fields: Filters<T>): Filter
  not<T>(value: T): Condition<T>
  above<T>(bound: T): Condition<T>
  atLeast<T>(bound: T): Condition<T>
  below<T>(bound: T): Condition<T>
  atMost<T>(bound: T): Condition<T>
  /** At least `low`, and below `high`. */
  between<T>(low: T, high: T): Condition<T>
  oneOf<T>(values: readonly T[]): Condition<T>
  noneOf<T>(values: readonly T[]): Condition<T>
  exists(there?: boolean): Condition<never>
  /** Text that holds this one, with every sign meaning itself. @default the case counts */
  contains(text: unknown, options?: { readonly anyCase?: boolean }): Condition<string>
  startsWith(text: unknown, options?: { readonly anyCase?: boolean }): Condition<string>
  /** At least one of these holds. */
  either(...filters: readonly Filter[]): Filter
  /** All of these hold. */
  all(...filters: readonly Filter[]): Filter
  /**
   * A change that sets these fields, each of which must be on the list: `people.updateOne(who, filter.set(req.body, ['name', 'bio']))`.
   *
   * @throws BulwarkError `BULWARK_QUERY_INVALID` (status 400)
   */
  set(changes: unknown, allowed: readonly string[]): { readonly $set: Readonly<Record<string, unknown>> }
}

/** Filters that this module made, or a copy of it: they may stand in others, and sinks let them pass. */
const made = shared('nosql-injection.made', () => new WeakSet<object>())

/** Whether `filter()` made this object, and nobody can have changed it. */
export function isMade(value: object): boolean {
  return made.has(value)
}

function make(fields: unknown): Filter {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new RefusedFilter('filter() was given no fields', 'write filter({ name: value })')
  }
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    checkName(name)
    // `$eq` keeps even a value that looks like more a value.
    result[name] =
      value instanceof Condition
        ? Condition.write(value)
        : Object.freeze({ $eq: checkScalar(value, `the field ${name}`) })
  }
  return finish(result)
}

function finish(filter: Record<string, unknown>): Filter {
  made.add(filter)
  return Object.freeze(filter)
}

function checkName(name: string): void {
  if (name === '' || name.startsWith('$') || name.includes('\0') || /(?:^|\.)(?:__proto__|\$)/.test(name)) {
    throw new RefusedFilter('a field of a filter has the name of an operator, or none', 'choose fields from a list')
  }
}

function checkScalar(value: unknown, at: string): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return value
    case 'number':
      if (Number.isFinite(value)) return value
      break
    case 'object':
      if (value === null || value instanceof Date || value instanceof Uint8Array || isBson(value)) return value
      break
    default:
  }
  throw new RefusedFilter(
    `${at} is ${kindOf(value)}`,
    'check the input before the query, or say what is meant: filter.oneOf(list), filter.atLeast(number)',
  )
}

/** What a value is, and never the value itself. */
function kindOf(value: unknown): string {
  if (typeof value === 'number') return 'no finite number'
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object'
  return value === undefined ? 'undefined' : `a ${typeof value}`
}

function condition<T>(operator: string, operand: unknown): Condition<T> {
  return new Condition<T>({ [operator]: checkScalar(operand, `the operand ${operator}`) })
}

function list<T>(operator: string, values: unknown): Condition<T> {
  if (!Array.isArray(values)) throw new RefusedFilter('a filter was given no list where one belongs', 'pass a list')
  return new Condition<T>({ [operator]: values.map((value) => checkScalar(value, 'an item of a list')) })
}

/** Every sign of the text means itself, so that no pattern of a client keeps the database busy or lets it read letter by letter. */
function pattern(text: unknown, before: string, anyCase = false): Condition<string> {
  if (typeof text !== 'string') throw new RefusedFilter('a text of a filter is no text', 'check the input before')
  return new Condition({
    $regex: before + text.replace(/[\\^$.*+?()[\]{}|/#\s-]/g, '\\$&'),
    ...(anyCase && { $options: 'i' }),
  })
}

function join(operator: '$and' | '$or', filters: readonly Filter[]): Filter {
  if (filters.length === 0) throw new RefusedFilter(`${operator} of no filters`, 'leave it out')
  if (!filters.every((each) => made.has(each)))
    throw new RefusedFilter('a part of a filter was not made by filter()', 'make each part with filter()')
  return finish({ [operator]: filters })
}

function set(changes: unknown, allowed: readonly string[]): { readonly $set: Readonly<Record<string, unknown>> } {
  if (typeof changes !== 'object' || changes === null || Object.keys(changes).length === 0)
    throw new RefusedFilter('filter.set() was given nothing to set', 'check the input before the change')
  const $set: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(changes)) {
    checkName(name)
    if (!allowed.includes(name))
      throw new RefusedFilter('a field to set is not on the list', `it may be: ${allowed.join(', ')}`)
    $set[name] = checkScalar(value, `the field ${name}`)
  }
  return { $set }
}

/** Filters for MongoDB that hold no operator but those that the app wrote. */
export const filter: FilterKit = Object.assign(make as FilterKit, {
  not: <T>(value: T) => condition<T>('$ne', value),
  above: <T>(bound: T) => condition<T>('$gt', bound),
  atLeast: <T>(bound: T) => condition<T>('$gte', bound),
  below: <T>(bound: T) => condition<T>('$lt', bound),
  atMost: <T>(bound: T) => condition<T>('$lte', bound),
  between: <T>(low: T, high: T) =>
    new Condition<T>({ $gte: checkScalar(low, 'the lower bound'), $lt: checkScalar(high, 'the upper bound') }),
  oneOf: <T>(values: readonly T[]) => list<T>('$in', values),
  noneOf: <T>(values: readonly T[]) => list<T>('$nin', values),
  exists: (there = true) => new Condition<never>({ $exists: there === true }),
  contains: (text: unknown, options?: { readonly anyCase?: boolean }) => pattern(text, '', options?.anyCase),
  startsWith: (text: unknown, options?: { readonly anyCase?: boolean }) => pattern(text, '^', options?.anyCase),
  either: (...filters: readonly Filter[]) => join('$or', filters),
  all: (...filters: readonly Filter[]) => join('$and', filters),
  set,
})
