/**
 * What an object of options may hold: `true` where its owner looks at the value by itself, the same again for options within options, and a
 * list of one for what may have any name, or any number.
 */
export type Known<T> = true | Inner<Data<T>>

/** The keys of an object of options, all of them: the compiler misses one that was forgotten. */
export type KnownKeys<T> = {
  readonly [K in KeyOf<T>]: Known<T extends unknown ? (K extends keyof T ? T[K] : never) : never>
}

type KeyOf<T> = T extends unknown ? keyof T : never
type Data<T> = Exclude<T, undefined | null | string | number | boolean | bigint | ((...args: never[]) => unknown)>
type Inner<D> = InList<D> | InObject<Exclude<D, readonly unknown[] | { readonly off: string }>>
type InList<D> = D extends readonly (infer Item)[] ? readonly [Known<Item>] : never
type InObject<D> = [D] extends [never]
  ? never
  : string extends KeyOf<D>
    ? readonly [Known<D extends unknown ? D[keyof D] : never>]
    : KnownKeys<D>

/** The same, as it is walked through. */
export type KnownTree = true | readonly [KnownTree] | { readonly [key: string]: KnownTree }

/** A key that nobody knows. */
export interface Stranger {
  /** Where, such as `policy.bodyLimits.size`. */
  readonly at: string
  readonly what: string
  /** The nearest key that there is, or all of them. */
  readonly fix: string
}

/**
 * The first key of `options` that is not known, at whatever depth; what was turned off with a reason is not looked into.
 * `at` is what the options are called where they were written.
 */
export function strangerIn(options: unknown, known: KnownTree, at: string): Stranger | undefined {
  if (known === true || typeof options !== 'object' || options === null || typeof (options as Off).off === 'string')
    return undefined
  if (isEach(known)) {
    for (const [key, value] of Object.entries(options)) {
      const found = strangerIn(value, known[0], Array.isArray(options) ? `${at}[${key}]` : below(at, key))
      if (found !== undefined) return found
    }
    return undefined
  }
  if (Array.isArray(options)) return undefined
  for (const [key, value] of Object.entries(options)) {
    const next = Object.hasOwn(known, key) ? known[key] : undefined
    if (next === undefined) return stranger(key, Object.keys(known), at)
    const found = strangerIn(value, next, below(at, key))
    if (found !== undefined) return found
  }
  return undefined
}

interface Off {
  readonly off?: unknown
}

function isEach(known: Exclude<KnownTree, true>): known is readonly [KnownTree] {
  return Array.isArray(known)
}

/** What is told of a key that nobody knows. */
export function stranger(key: string, known: readonly string[], at: string): Stranger {
  const near = nearest(key, known)
  return {
    at: below(at, key),
    what: `${at} has no key ${JSON.stringify(key)}`,
    fix: near === undefined ? `it may have: ${known.join(', ')}` : `did you mean "${near}"?`,
  }
}

/** What the value of a key is called, for the people who wrote it. */
export function below(at: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${at}.${key}` : `${at}[${JSON.stringify(key)}]`
}

/** The word that was most likely meant: the one that differs by the fewest letters, or that holds what was written. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const typed = word.toLowerCase()
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const name of words) {
    const lower = name.toLowerCase()
    const isPart = Math.min(typed.length, lower.length) >= 4 && (lower.includes(typed) || typed.includes(lower))
    const far = isPart ? 1.5 : distance(lower, typed)
    // Of a short word too little is left after two changes for it to be the same.
    if (far < least && far <= (lower.length < 4 ? 1 : 2)) {
      best = name
      least = far
    }
  }
  return best
}

/** How many letters were left out, added, mistaken or swapped with the next one. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) next[j] = Math.min(next[j]!, before[j - 2]! + 1)
    }
    before = row
    row = next
  }
  return row[b.length]!
}
