import { type Denial, deny } from '../../core/guard.ts'
import { textOf } from '../../toolbox/short-texts.ts'
import { judgeKey, LONG_KEY, MANY_ITEMS, MANY_KEYS, POLLUTING, TOO_DEEP } from './keys.ts'
import type { Limits } from './limits.ts'
import { Names } from './names.ts'
import type { Shape } from './shape.ts'

const DUPLICATE: Denial = deny('ambiguous-body', 'an object has the same key twice', 400)

const OBJECT = 1
const ARRAY = 2
/** The object that is the value of a key `constructor`. */
const CONSTRUCTOR = 3

const OUTSIDE = 0
const IN_STRING = 1
const IN_KEY = 2

/**
 * Follows JSON byte by byte: nesting, keys and elements. Keeps nothing but the keys of the objects that are open.
 *
 * What is no JSON is the parser's to refuse: this only has to see at least what a parser would build.
 */
export class JsonShape implements Shape {
  limits: Limits
  readonly #stack: Uint8Array
  readonly #names: (Names | undefined)[] = []
  #depth = 0
  #deepest = 0
  #keys = 0
  #items = 0
  #longest = 0
  #state = OUTSIDE
  #escaped = false
  /** A backslash was in the key, so its text has to be decoded. */
  #hasEscape = false
  #expectsKey = false
  #afterConstructor = false
  #carry: Buffer | undefined = undefined

  constructor(limits: Limits) {
    this.limits = limits
    this.#stack = new Uint8Array(limits.depth + 1)
  }

  onChunk(chunk: Uint8Array): Denial | undefined {
    const { length } = chunk
    let start = 0
    for (let i = 0; i < length; i++) {
      if (this.#state !== OUTSIDE) {
        if (this.#escaped) {
          this.#escaped = false
          i++
        }
        // Most of a document is text: nothing in here but quotes and backslashes matters.
        while (i < length && chunk[i] !== 0x22 && chunk[i] !== 0x5c) i++
        if (i >= length) break
        if (chunk[i] === 0x5c) {
          this.#escaped = true
          this.#hasEscape = true
          continue
        }
        const denial = this.#state === IN_KEY ? this.#endKey(chunk, start, i) : undefined
        this.#state = OUTSIDE
        if (denial !== undefined) return denial
        continue
      }
      const byte = chunk[i]!
      // Of ASCII below the comma only the quote matters, and of the rest little: numbers, blanks and names are passed over.
      if (byte !== 0x22 && byte !== 0x2c && byte < 0x5b) continue
      // The bytes that matter: " , [ ] { }
      if (byte === 0x22) {
        this.#state = this.#expectsKey ? IN_KEY : IN_STRING
        this.#hasEscape = false
        start = i + 1
      } else if (byte === 0x2c) {
        const inArray = this.#depth > 0 && this.#stack[this.#depth] === ARRAY
        if (inArray && ++this.#items > this.limits.items) return MANY_ITEMS
        this.#expectsKey = !inArray && this.#depth > 0
        this.#afterConstructor = false
      } else if (byte === 0x7b || byte === 0x5b) {
        const denial = this.#open(byte === 0x7b)
        if (denial !== undefined) return denial
      } else if (byte === 0x7d || byte === 0x5d) {
        if (this.#stack[this.#depth] !== ARRAY) this.#names[this.#depth]?.clear()
        if (this.#depth > 0) this.#depth--
        this.#expectsKey = false
        this.#afterConstructor = false
      }
    }
    return this.#state === IN_KEY ? this.#keep(chunk.subarray(start)) : undefined
  }

  onEnd(): Denial | undefined {
    return undefined
  }

  exceeded(): Denial | undefined {
    const { depth, keys, items, keyLength } = this.limits
    if (this.#deepest > depth) return TOO_DEEP
    if (this.#keys > keys) return MANY_KEYS
    if (this.#items > items) return MANY_ITEMS
    return this.#longest > keyLength ? LONG_KEY : undefined
  }

  #open(isObject: boolean): Denial | undefined {
    if (this.#depth >= this.limits.depth) return TOO_DEEP
    this.#depth++
    if (this.#depth > this.#deepest) this.#deepest = this.#depth
    this.#stack[this.#depth] = isObject ? (this.#afterConstructor ? CONSTRUCTOR : OBJECT) : ARRAY
    this.#expectsKey = isObject
    this.#afterConstructor = false
    if (!isObject && ++this.#items > this.limits.items) return MANY_ITEMS
    return undefined
  }

  /** The part of a key at the end of a chunk. */
  #keep(part: Uint8Array): Denial | undefined {
    this.#carry = this.#carry === undefined ? Buffer.from(part) : Buffer.concat([this.#carry, part])
    return this.#carry.length > rawMost(this.limits) ? LONG_KEY : undefined
  }

  #endKey(chunk: Uint8Array, start: number, end: number): Denial | undefined {
    const { keyLength, keys } = this.limits
    let bytes = chunk
    let from = start
    let to = end
    if (this.#carry !== undefined) {
      bytes = Buffer.concat([this.#carry, chunk.subarray(start, end)])
      this.#carry = undefined
      from = 0
      to = bytes.length
    }
    this.#expectsKey = false
    if (to - from > rawMost(this.limits)) return LONG_KEY
    const raw = textOf(bytes, from, to)
    const key = this.#hasEscape ? unescapeKey(raw) : raw
    if (key.length > this.#longest) this.#longest = key.length
    if (key.length > keyLength) return LONG_KEY
    if (++this.#keys > keys) return MANY_KEYS
    const bad = judgeKey(key)
    if (bad !== undefined) return bad
    if (this.#stack[this.#depth] === CONSTRUCTOR && key === 'prototype') return POLLUTING
    this.#afterConstructor = key === 'constructor'
    const names = (this.#names[this.#depth] ??= new Names())
    return names.add(key) ? undefined : DUPLICATE
  }
}

/** Each character may be written with six: `\u0061`. */
function rawMost(limits: Limits): number {
  return limits.keyLength * 6
}

/** The key as the app's parser will read it, by the same parser. */
function unescapeKey(raw: string): string {
  try {
    return String(JSON.parse(`"${raw}"`))
  } catch {
    // Not JSON: the app's parser refuses the body for the same reason.
    return raw
  }
}
