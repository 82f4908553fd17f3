import { BulwarkError } from '../../../core/errors.ts'

/** A value that a condition compares with. */
export type Scalar = string | number | boolean | null

/** Which objects: plain data that can be sent, stored and turned into a question to a database. */
export type Filter =
  | { readonly op: 'always' }
  | { readonly op: 'never' }
  /** The field has one of the values; `null` stands for a field that is null or missing. */
  | { readonly op: 'in'; readonly field: string; readonly values: readonly Scalar[] }
  | { readonly op: 'all' | 'any'; readonly of: readonly Filter[] }
  | { readonly op: 'not'; readonly of: Filter }

export const ALWAYS: Filter = { op: 'always' }
export const NEVER: Filter = { op: 'never' }

/**
 * What a rule of the policy says about objects: each field must have the value, or one of the values of a list. A list of conditions
 * holds where one of them does; `false` holds nowhere.
 */
export type Where = Condition | readonly Condition[] | false
export type Condition = Readonly<Record<string, unknown>>

/**
 * The text by which values are compared: a number is its decimals, `true` is `1`, an ObjectId its hexadecimal digits. `null` stands for
 * nothing, and `undefined` for what equals nothing, such as a list or a date.
 *
 * **Security**: an id is a number in one column and text in the next; compared by text, `can` and a database come to one answer.
 */
export function textOf(value: unknown): string | null | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return Number.isFinite(value) ? String(value === 0 ? 0 : value) : undefined
    case 'bigint':
      return String(value)
    case 'boolean':
      return value ? '1' : '0'
    case 'undefined':
      return null
    case 'object': {
      if (value === null) return null
      const { toHexString } = value as { toHexString?: unknown }
      return typeof toHexString === 'function' ? String(toHexString.call(value)) : undefined
    }
    default:
      return undefined
  }
}

/** Whether the object is one of those. */
export function matches(filter: Filter, object: object): boolean {
  switch (filter.op) {
    case 'always':
      return true
    case 'never':
      return false
    case 'not':
      return !matches(filter.of, object)
    case 'all':
      for (const part of filter.of) if (!matches(part, object)) return false
      return true
    case 'any':
      for (const part of filter.of) if (matches(part, object)) return true
      return false
    case 'in': {
      const text = textOf((object as Readonly<Record<string, unknown>>)[filter.field])
      if (text === undefined) return false
      for (const value of filter.values) if (textOf(value) === text) return true
      return false
    }
  }
}

/** All of them, in the shortest form. */
export function allOf(parts: readonly Filter[]): Filter {
  const of = parts.filter(({ op }) => op !== 'always')
  if (of.some(({ op }) => op === 'never')) return NEVER
  return of.length === 0 ? ALWAYS : of.length === 1 ? (of[0] as Filter) : { op: 'all', of }
}

/** Any of them, in the shortest form. */
export function anyOf(parts: readonly Filter[]): Filter {
  const of = parts.filter(({ op }) => op !== 'never')
  if (of.some(({ op }) => op === 'always')) return ALWAYS
  return of.length === 0 ? NEVER : of.length === 1 ? (of[0] as Filter) : { op: 'any', of }
}

export function notOf(of: Filter): Filter {
  return of.op === 'always' ? NEVER : of.op === 'never' ? ALWAYS : of.op === 'not' ? of.of : { op: 'not', of }
}

/**
 * Turns what a rule says into a filter. A value that is `undefined` decides nothing, and becomes `unknown`: never for what allows,
 * always for what denies.
 *
 * **Security**: query builders leave an undefined condition out, and then list everybody's objects. Here it is the other way round.
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for conditions that say nothing, or compare with what has no text
 */
export function toFilter(where: Where, unknown: Filter, at: string): Filter {
  if (where === false) return NEVER
  if (Array.isArray(where)) return anyOf((where as readonly Condition[]).map((one) => toCondition(one, unknown, at)))
  return toCondition(where as Condition, unknown, at)
}

function toCondition(condition: Condition, unknown: Filter, at: string): Filter {
  const fields = typeof condition === 'object' && condition !== null ? Object.keys(condition) : []
  if (fields.length === 0) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a condition that says nothing would hold for every object', {
      at,
      fix: 'answer an object with at least one field, such as { author: person.id }, or false for no object at all',
    })
  }
  const parts = fields.map((field): Filter => {
    const value = condition[field]
    const values = Array.isArray(value) ? (value as readonly unknown[]) : [value]
    if (values.includes(undefined)) return unknown
    return { op: 'in', field: checkField(field, at), values: values.map((one) => toScalar(one, field, at)) }
  })
  // What cannot be decided decides the whole condition, in whichever direction is the safe one.
  if (parts.includes(unknown)) return unknown
  return allOf(parts.map((part) => (part.op === 'in' && part.values.length === 0 ? NEVER : part)))
}

function toScalar(value: unknown, field: string, at: string): Scalar {
  const text = textOf(value)
  if (text === undefined) {
    throw new BulwarkError(
      'BULWARK_POLICY_INVALID',
      `the condition on "${field}" compares with what is no plain value`,
      {
        at,
        fix: 'compare with text, a finite number, true, false or null, or a list of them',
      },
    )
  }
  return typeof value === 'bigint' || typeof value === 'object' ? text : (value as Scalar)
}

/** **Security**: names of fields become names of columns, so they are words of the policy and nothing else. */
export function checkField(field: string, at: string): string {
  if (/^[A-Za-z_]\w{0,62}$/.test(field) && !(field in Object.prototype)) return field
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'a field is named by a word', {
    at,
    fix: 'use letters, digits and underscores, and no name that every object has',
  })
}
