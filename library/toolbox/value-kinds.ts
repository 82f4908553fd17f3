import { below, nearest, type Stranger, stranger } from './known-keys.ts'

/** What a value of the options may be: one of what is named here, and nothing else. */
export interface Kind {
  /** Any text, or one of these words. */
  readonly text?: true | Readonly<Record<string, true>>
  readonly number?: true
  /** `true` or `false`. */
  readonly flag?: true
  /** `true`, and not `false`. */
  readonly yes?: true
  readonly function?: true
  /** `off('why')`. */
  readonly off?: true
  readonly list?: Kind
  /** An object that its owner looks at by itself. */
  readonly any?: true
  /** An object with any names, whose values are all of this kind. */
  readonly each?: Kind
  readonly keys?: Readonly<Record<string, Kind>>
}

/** The kind of a type: the compiler misses what was left out of it, and what does not belong into it. */
export type KindOf<T> = TextKind<Extract<T, string>> &
  NumberKind<Extract<T, number>> &
  FlagKind<Extract<T, boolean>> &
  FunctionKind<Extract<T, Callable>> &
  OffKind<Extract<T, Off>> &
  ListKind<Extract<T, readonly unknown[]>> &
  ObjectKind<Exclude<T, Plain | Callable | Off | readonly unknown[]>>

/** The keys of an object of options, all of them, with what each may be. */
export type Kinds<T> = { readonly [K in KeyOf<T>]: KindOf<ValueOf<T, K>> }

/** The options of one protection, besides the mode that all of them have. */
export type OptionKinds<T> = Pick<Kinds<T>, Exclude<KeyOf<T>, 'mode'>>

export const TEXT = { text: true } as const
export const NUMBER = { number: true } as const
export const FLAG = { flag: true } as const
export const FUNCTION = { function: true } as const
export const OBJECT = { any: true } as const
export const OFF = { off: true } as const
/** A duration or a size. */
export const AMOUNT = { text: true, number: true } as const
export const TEXTS = { list: { text: true } } as const
export const ONE_OR_MORE = { text: true, list: { text: true } } as const
export const TEXT_OR_OFF = { text: true, off: true } as const
/** An address, or the keys themselves. */
export const KEY_SET = { text: true, keys: { keys: { list: { any: true } } } } as const
interface Pem {
  readonly any: true
  readonly text: true
  readonly list: { readonly any: true; readonly text: true }
}
const PEM: Pem = { any: true, text: true, list: { any: true, text: true } }
/** Whom to trust, and who one is, in mutual TLS. */
export const CLIENT_TLS: {
  readonly keys: Readonly<Record<'ca' | 'cert' | 'key', Pem>> & { readonly passphrase: typeof TEXT }
} = {
  keys: { ca: PEM, cert: PEM, key: PEM, passphrase: TEXT },
}

type Plain = string | number | boolean | bigint | symbol | undefined | null
type Callable = (...args: never[]) => unknown
interface Off {
  readonly off: string
}
// biome-ignore lint/complexity/noBannedTypes: a pattern of texts makes a record that may be empty, a list of words does not
type IsOpen<S extends string> = {} extends Record<S, 1> ? true : false
type TextKind<S extends string> = [S] extends [never]
  ? { readonly text?: never }
  : { readonly text: IsOpen<S> extends true ? true : true | { readonly [Word in S]: true } }
type NumberKind<N> = [N] extends [never] ? { readonly number?: never } : { readonly number: true }
type FlagKind<B> = [B] extends [never]
  ? { readonly flag?: never; readonly yes?: never }
  : [false] extends [B]
    ? { readonly flag: true; readonly yes?: never }
    : { readonly yes: true; readonly flag?: never }
// What looks like an object to the compiler, such as a schema, may be a function that has its members.
type FunctionKind<F> = [F] extends [never] ? { readonly function?: true } : { readonly function: true }
type OffKind<O> = [O] extends [never] ? { readonly off?: never } : { readonly off: true }
type ListKind<L> = [L] extends [never]
  ? { readonly list?: never }
  : { readonly list: KindOf<L extends readonly (infer Item)[] ? Item : never> }
type ObjectKind<O> = [O] extends [never]
  ? { readonly any?: never; readonly each?: never; readonly keys?: never }
  :
      | { readonly any: true; readonly each?: never; readonly keys?: never }
      | (string extends KeyOf<O>
          ? { readonly each: KindOf<ValueOf<O, string>>; readonly any?: never; readonly keys?: never }
          : {
              readonly keys: Kinds<O>
              readonly any?: never
              readonly each?: never
            })
type KeyOf<O> = O extends unknown ? keyof O : never
type ValueOf<O, K extends PropertyKey> = O extends unknown ? (K extends keyof O ? O[K] : never) : never

/** Characters of a reason to turn something off. */
const SHORTEST_REASON = 3

/**
 * The first key that is not known, or value that is not of its kind, at whatever depth. What is `undefined` was left out.
 * **Security**: texts are not repeated, because they may be secrets; words that are to choose from are.
 */
export function misfitIn(value: unknown, kind: Kind, at: string): Stranger | undefined {
  if (value === undefined) return undefined
  switch (typeof value) {
    case 'string': {
      const { text } = kind
      if (text === true || (text !== undefined && Object.hasOwn(text, value))) return undefined
      return misfit(value, kind, at)
    }
    case 'number':
      return kind.number ? undefined : misfit(value, kind, at)
    case 'boolean':
      return kind.flag || (kind.yes && value) ? undefined : misfit(value, kind, at)
    case 'function':
      return kind.function ? undefined : misfit(value, kind, at)
    case 'object':
      return value === null ? misfit(value, kind, at) : misfitInObject(value, kind, at)
    default:
      return misfit(value, kind, at)
  }
}

function misfitInObject(value: object, kind: Kind, at: string): Stranger | undefined {
  if (Array.isArray(value)) {
    if (kind.list === undefined) return misfit(value, kind, at)
    for (const [i, item] of value.entries()) {
      const found =
        item === undefined ? misfit(item, kind.list, `${at}[${i}]`) : misfitIn(item, kind.list, `${at}[${i}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (kind.off && typeof (value as Off).off === 'string') {
    if ((value as Off).off.trim().length >= SHORTEST_REASON) return undefined
    return {
      at,
      what: `${at} is turned off without a reason`,
      fix: `say why, as in off('the gateway in front does it'): every report shows it`,
    }
  }
  if (kind.any) return undefined
  const { keys, each } = kind
  // Somebody wanted it off, where nothing but the whole protection can be.
  if (typeof (value as Off).off === 'string' && (keys === undefined || !Object.hasOwn(keys, 'off'))) {
    return { at, what: `${at} cannot be turned off`, fix: `it may be ${kindsOf(kind).join(' or ')}` }
  }
  if (keys === undefined && each === undefined) return misfit(value, kind, at)
  for (const [key, item] of Object.entries(value)) {
    const own = each ?? (keys !== undefined && Object.hasOwn(keys, key) ? keys[key] : undefined)
    if (own === undefined) return stranger(key, Object.keys(keys ?? {}), at)
    const found = misfitIn(item, own, below(at, key))
    if (found !== undefined) return found
  }
  return undefined
}

function misfit(value: unknown, kind: Kind, at: string): Stranger {
  const words = typeof kind.text === 'object' ? Object.keys(kind.text) : undefined
  const repeats = typeof value === 'string' && words !== undefined && value.length <= 40
  return {
    at,
    what: `${at} cannot be ${repeats ? JSON.stringify(value) : described(value)}`,
    fix: fixOf(value, kind, words),
  }
}

function fixOf(value: unknown, kind: Kind, words: readonly string[] | undefined): string {
  if (kind.off && (value === false || value === null)) return "off('why') turns it off: every report shows the reason"
  const near = typeof value === 'string' && words ? nearest(value, words) : undefined
  if (near !== undefined) return `did you mean '${near}'?`
  const may = `it may be ${kindsOf(kind).join(' or ')}`
  if (value === undefined) return `${may}; is a variable of the environment missing?`
  return value === null ? `leave it out for the default; ${may}` : may
}

function kindsOf(kind: Kind, many = false): string[] {
  const { text } = kind
  const one = (single: string, plural: string): string => (many ? plural : single)
  const all: string[] = []
  if (kind.flag) all.push('true or false')
  if (kind.yes) all.push('true')
  if (text === true) all.push(one('a text', 'texts'))
  else if (text !== undefined) all.push(...Object.keys(text).map((word) => `'${word}'`))
  if (kind.number) all.push(one('a number', 'numbers'))
  if (kind.list) all.push(`${one('a list', 'lists')} of ${kindsOf(kind.list, true).join(' or ')}`)
  if (kind.any || kind.keys) all.push(one('an object', 'objects'))
  if (kind.each) all.push(`${one('an object', 'objects')} of ${kindsOf(kind.each, true).join(' or ')} by name`)
  if (kind.function) all.push(one('a function', 'functions'))
  if (kind.off) all.push("off('why')")
  return all
}

function described(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'number' ? `the number ${value}` : `a ${typeof value}`
}
