import { BSON } from 'mongodb'
import { cannot, Refusal } from './refusal.ts'
import { compare, type Doc, isDoc, isEqual, isNumber, rankOf, typesOf } from './values.ts'

/** Judges one value that a path has reached. */
export type Judge = (value: unknown) => boolean

/** Whether the value equals what was asked for; a regular expression asks for a match. */
export function toEquality(wanted: unknown): Judge {
  if (wanted instanceof RegExp || wanted instanceof BSON.BSONRegExp) {
    const regex = toRegex(wanted, undefined)
    return (value) => (typeof value === 'string' ? regex.test(value) : isEqual(value, wanted))
  }
  return (value) => isEqual(value, wanted)
}

/** The operators that look at one value at a time, each for what stands behind it. The others are in `filter.ts`. */
export const JUDGES: Readonly<Record<string, (operand: unknown, all: Doc) => Judge>> = {
  $eq: (wanted) => (value) => isEqual(value, wanted),
  $gt: (bound) => toOrder(bound, (difference) => difference > 0),
  $gte: (bound) => toOrder(bound, (difference) => difference >= 0),
  $lt: (bound) => toOrder(bound, (difference) => difference < 0),
  $lte: (bound) => toOrder(bound, (difference) => difference <= 0),
  $in: (list) => {
    const judges = toList(list, '$in').map((wanted) => {
      if (isDoc(wanted) && Object.keys(wanted)[0]?.startsWith('$'))
        throw new Refusal('BadValue', 'cannot nest $ under $in')
      return toEquality(wanted)
    })
    return (value) => judges.some((judge) => judge(value))
  },
  $regex: (source, { $options }) => {
    const regex = toRegex(source, $options)
    return (value) => typeof value === 'string' && regex.test(value)
  },
  $type: (wanted) => {
    const names = Array.isArray(wanted) ? wanted : [wanted]
    for (const name of names) {
      if (typeof name !== 'string' && !isNumber(name))
        throw new Refusal('TypeMismatch', 'type must be represented as a number or a string')
    }
    return (value) => {
      if (value === undefined) return false
      const types: readonly unknown[] = typesOf(value)
      return names.some((name) => types.includes(name) || (name === 'number' && isNumber(value)))
    }
  },
  $mod: (pair) => {
    const [divisor, rest] = toList(pair, '$mod').map(Number)
    if (divisor === undefined || rest === undefined) throw new Refusal('BadValue', 'malformed mod, not enough elements')
    if (Math.trunc(divisor) === 0) throw new Refusal('BadValue', 'divisor cannot be 0')
    return (value) => isNumber(value) && Math.trunc(Number(value)) % Math.trunc(divisor) === Math.trunc(rest)
  },
  $bitsAllSet: (mask) => toBits(mask, (bits, wanted) => (bits & wanted) === wanted),
  $bitsAnySet: (mask) => toBits(mask, (bits, wanted) => (bits & wanted) !== 0n),
  $bitsAllClear: (mask) => toBits(mask, (bits, wanted) => (bits & wanted) === 0n),
  $bitsAnyClear: (mask) => toBits(mask, (bits, wanted) => (bits & wanted) !== wanted),
}

export function toList(value: unknown, operator: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Refusal('BadValue', `${operator} needs an array`)
  return value
}

/** Only values of one kind have an order among each other: an injected `{$gt: ''}` holds for every string, and for nothing else. */
function toOrder(bound: unknown, holds: (difference: number) => boolean): Judge {
  if (bound instanceof RegExp) throw new Refusal('BadValue', "Can't have RegEx as arg to predicate over field")
  const rank = rankOf(bound)
  return (value) => rankOf(value) === rank && holds(compare(value, bound))
}

/** PCRE as far as the regular expressions of JavaScript know it, and the options before it: `(?i)`. */
function toRegex(source: unknown, options: unknown): RegExp {
  const isText = typeof source === 'string'
  if (!isText && !(source instanceof RegExp) && !(source instanceof BSON.BSONRegExp))
    throw new Refusal('BadValue', '$regex has to be a string')
  if (options !== undefined && typeof options !== 'string') throw new Refusal('BadValue', '$options has to be a string')
  let pattern = isText ? source : source instanceof RegExp ? source.source : source.pattern
  let flags =
    options ?? (isText ? '' : source instanceof RegExp ? source.flags.replace(/[^imsu]/g, '') : source.options)
  const inline = /^\(\?([a-z]+)\)/.exec(pattern)
  if (inline) {
    pattern = pattern.slice(inline[0].length)
    flags += inline[1]
  }
  if (/[^imsux]/.test(flags)) throw new Refusal('Location51091', `invalid flag in regex options: ${flags}`)
  if (flags.includes('x')) throw cannot('the option x of $regex')
  try {
    return new RegExp(pattern, [...new Set(flags)].join(''))
  } catch (error) {
    throw new Refusal('Location51091', `Regular expression is invalid: ${String(error)}`)
  }
}

function toBits(mask: unknown, holds: (bits: bigint, wanted: bigint) => boolean): Judge {
  let wanted = 0n
  if (Array.isArray(mask)) for (const position of mask) wanted |= 1n << BigInt(Number(position))
  else if (isNumber(mask) && Number(mask) >= 0) wanted = BigInt(Math.trunc(Number(mask)))
  else throw new Refusal('BadValue', 'takes an Array, a number, or a BinData')
  return (value) => isNumber(value) && Number.isInteger(Number(value)) && holds(BigInt(Number(value)), wanted)
}
