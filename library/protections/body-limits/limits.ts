import { BulwarkError } from '../../core/errors.ts'
import { isOff, type Off } from '../../core/policy.ts'
import { parseSize } from '../../toolbox/size.ts'

export type Encoding = 'gzip' | 'deflate' | 'br'

/** How much and how complicated a body may be, for the whole app or for one route. Sizes are texts such as `'10kb'`, or bytes. */
export interface BodyLimits {
  /** JSON of any kind (`application/json`, `+json`, CSP reports). @default '10kb' */
  readonly json?: string | number
  /**
   * Forms, and the fields that are no files of multipart forms, together.
   * Ten times what JSON gets, because people write articles into forms, and percent-encoding makes most scripts of the world three times as long.
   * @default '100kb'
   */
  readonly form?: string | number
  /** `text/*`. @default '10kb' */
  readonly text?: string | number
  /** Multipart forms with their files. @default '10mb' */
  readonly multipart?: string | number
  /**
   * Sizes of further content types, such as `{ 'image/png': '2mb' }`; all others are refused with 415. `off('why')` takes any type, up to
   * the size of `multipart`.
   * @default {}
   */
  readonly other?: Readonly<Record<string, string | number>> | Off
  /** Encodings that a body may be compressed with. Its limits then count inflated bytes. @default [] (refused with 415) */
  readonly compressed?: readonly Encoding[]
  /** How many times larger than sent a compressed body may become. @default 100 */
  readonly ratio?: number
  /** Nested arrays and objects, and levels of a form's or query's key such as `a[b][c]`. @default 20 */
  readonly depth?: number
  /** Keys of all objects together; parameters of a form or query. @default 1000 */
  readonly keys?: number
  /** Elements of all arrays together; an empty array counts as one. @default 10000 */
  readonly items?: number
  /** Characters of one key. @default 256 */
  readonly keyLength?: number
  /** Parts of a multipart form. @default 100 */
  readonly parts?: number
  /** Bytes of the headers of one part. @default '4kb' */
  readonly partHeaders?: string | number
}

/** The same, checked and in bytes. */
export interface Limits {
  readonly json: number
  readonly form: number
  readonly text: number
  readonly multipart: number
  /** Sizes by content type; `*` stands for every other one. */
  readonly other: ReadonlyMap<string, number>
  readonly compressed: ReadonlySet<string>
  readonly ratio: number
  readonly depth: number
  readonly keys: number
  readonly items: number
  readonly keyLength: number
  readonly parts: number
  readonly partHeaders: number
}

export const DEFAULTS: Limits = {
  json: 10 * 1024,
  form: 100 * 1024,
  text: 10 * 1024,
  multipart: 10 * 1024 * 1024,
  other: new Map(),
  compressed: new Set(),
  ratio: 100,
  depth: 20,
  keys: 1000,
  items: 10_000,
  keyLength: 256,
  parts: 100,
  partHeaders: 4 * 1024,
}

const SIZES = ['json', 'form', 'text', 'multipart', 'partHeaders'] as const
const COUNTS = ['ratio', 'depth', 'keys', 'items', 'keyLength', 'parts'] as const
const ENCODINGS: readonly string[] = ['gzip', 'deflate', 'br']

/** Lays what is given over `base`. Throws `BulwarkError` on what is no limit; `at` names the place, such as `policy.bodyLimits`. */
export function compileLimits(given: BodyLimits, base: Limits, at: string): Limits {
  const limits: { -readonly [K in keyof Limits]: Limits[K] } = { ...base }
  for (const name of SIZES) {
    const value = given[name]
    if (value !== undefined) limits[name] = checkSize(value, `${at}.${name}`)
  }
  for (const name of COUNTS) {
    const value = given[name]
    if (value !== undefined) limits[name] = checkCount(value, `${at}.${name}`)
  }
  if (given.other !== undefined) {
    const { other } = given
    limits.other = isOff(other)
      ? new Map([...base.other, ['*', limits.multipart]])
      : new Map([...base.other, ...Object.entries(other).map((entry) => checkType(entry, `${at}.other`))])
  }
  if (given.compressed !== undefined) {
    for (const [i, name] of given.compressed.entries()) {
      if (ENCODINGS.includes(name)) continue
      throw new BulwarkError('BULWARK_POLICY_INVALID', `a body cannot be judged under the encoding "${String(name)}"`, {
        at: `${at}.compressed[${i}]`,
        fix: `use ${ENCODINGS.join(', ')}`,
      })
    }
    limits.compressed = new Set(given.compressed)
  }
  return limits
}

/** The larger of both in everything: what is allowed while it is not known which of the two holds. */
export function widest(a: Limits, b: Limits): Limits {
  const wide: { -readonly [K in keyof Limits]: Limits[K] } = { ...a }
  for (const name of [...SIZES, ...COUNTS]) wide[name] = Math.max(a[name], b[name])
  const other = new Map(a.other)
  for (const [type, size] of b.other) other.set(type, Math.max(size, other.get(type) ?? 0))
  wide.other = other
  wide.compressed = new Set([...a.compressed, ...b.compressed])
  return wide
}

function checkSize(value: string | number, at: string): number {
  const bytes = parseSize(value)
  if (bytes !== undefined && bytes > 0) return bytes
  throw new BulwarkError('BULWARK_SIZE_INVALID', `"${String(value)}" is no size of a body`, {
    at,
    fix: "write it like '10kb' or '2mb', or as a number of bytes above 0",
  })
}

function checkCount(value: number, at: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new BulwarkError('BULWARK_LIMIT_INVALID', `"${String(value)}" is no limit`, {
    at,
    fix: 'use a whole number above 0',
  })
}

function checkType([type, size]: [string, string | number], at: string): [string, number] {
  const name = type.toLowerCase()
  if (!/^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(name)) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', `"${type}" is no content type`, {
      at: `${at}["${type}"]`,
      fix: "name one type without parameters, such as 'image/png'",
    })
  }
  return [name, checkSize(size, `${at}["${type}"]`)]
}
