import { COMMENT, OPERATOR, PLACEHOLDER, QUOTED, STRING, type Tokens } from './tokens.ts'

/** How many signs are compared together: of longer texts, of shorter ones, and at their ends. */
const WIDE = 8
const NARROW = 4
const BITS = 14
const SHIFT: number = 32 - BITS
const MASK: number = 2 ** BITS - 1
const SIZE: number = 2 ** BITS
const LEAST_PLACES = 512
const BEHIND_ALL = 0x7fffffff
const GOLDEN = 0x9e3779b1 | 0
const SECOND = 0x85ebca6b | 0

const QUOTE = 0x27
const DOUBLE_QUOTE = 0x22
const BACKSLASH = 0x5c
const BLANK = 0x20
const BEYOND_ASCII = 0x80
const FOLDED: Uint8Array = folded()

/** A text this short has no pieces that count by themselves. */
const WITHOUT_PIECES = 8
const PLAIN = /^[A-Za-z0-9_]+$/
const CLOSING = /['"`\]$#]|--|\*\//

/**
 * - `absent`: the text is not in the statement
 * - `word`: it may be there, and is nothing but letters, digits and underscores
 * - `confined`: wherever it is, it is inside of one value, identifier, comment or word, and so is every piece of it that would count
 * - `open`: it has to be looked for
 */
export type Sight = 'absent' | 'word' | 'confined' | 'open'

/**
 * Tells of most texts in one look at each of their signs that they are no code in a statement: they have no piece in common with what stands
 * across the borders of its tokens.
 *
 * Signs are compared without their case, without backslashes, and with one quote for several in a row, which is what all forms of
 * a text have in common. Whatever is too odd for that is `open`.
 */
export class Glance {
  /** Pieces of the statement, and those that lie across a border. */
  readonly #all: Uint8Array = new Uint8Array(SIZE)
  readonly #across: Uint8Array = new Uint8Array(SIZE)
  /** What stands in both for the pieces of this statement: so they need not be cleared for each. */
  #mark = 0
  /** Where signs that count are in the statement, the one before the first and the one behind the last included. */
  #places: Int32Array = new Int32Array(LEAST_PLACES)
  #borders: Int32Array = new Int32Array(LEAST_PLACES)
  #isBlind = true
  /** What it tells of. */
  #of: string | undefined = undefined
  #by: object | undefined = undefined

  /** From here on it tells of this statement, whose tokens these are; `lower` is the same in lower case, sign by sign. */
  read(lower: string, tokens: Tokens): void {
    // What was stored is looked for in the same statement, after what the client sent.
    if (tokens.of !== undefined && tokens.of === this.#of && tokens.by === this.#by) return
    this.#of = tokens.of
    this.#by = tokens.by
    this.#isBlind = !this.#findBorders(lower, tokens)
    if (this.#isBlind) return
    const size = this.#findPlaces(lower)
    const places = this.#places
    const borders = this.#borders
    const all = this.#all
    const across = this.#across
    const mark = this.#nextMark()
    let next = 0
    let border = 0
    let low = 0
    let high = 0
    for (let n = 1; n <= size; n++) {
      const code = lower.charCodeAt(places[n] as number)
      high = (high << 8) | (low >>> 24)
      low = (low << 8) | (code < BEYOND_ASCII ? code : BEYOND_ASCII)
      // What lies between two signs that count belongs to both of them.
      const end = places[n + 1] as number
      while ((borders[next] as number) < end) border = borders[next++] as number
      if (n < NARROW) continue
      const four = hashOf(low, 0)
      all[four >>> SHIFT] = mark
      if (border > (places[n - NARROW] as number) + 1) {
        across[four >>> SHIFT] = mark
        across[four & MASK] = mark
      }
      if (n >= WIDE && border > (places[n - WIDE] as number) + 1) {
        const eight = hashOf(low, high)
        across[eight >>> SHIFT] = mark
        across[eight & MASK] = mark
      }
    }
  }

  of(text: string): Sight {
    if (this.#isBlind) return 'open'
    const { length } = text
    if (PLAIN.test(text)) return length < NARROW || this.#hasEnds(text) ? 'word' : 'absent'
    if (!this.#hasEnds(text) && (length <= WITHOUT_PIECES || !CLOSING.test(text))) return 'absent'
    if (length < NARROW || text.charCodeAt(0) <= BLANK || text.charCodeAt(length - 1) <= BLANK) return 'open'
    const width = length < WIDE ? NARROW : WIDE
    const across = this.#across
    const mark = this.#mark
    let low = 0
    let high = 0
    let before = 0
    for (let i = 0; i < length; i++) {
      const raw = text.charCodeAt(i)
      if (raw < BLANK || raw >= BEYOND_ASCII || raw === BACKSLASH) return 'open'
      const code = FOLDED[raw] as number
      if (code === before && (code === QUOTE || code === DOUBLE_QUOTE)) return 'open'
      before = code
      if (width === WIDE) high = (high << 8) | (low >>> 24)
      low = (low << 8) | code
      if (i < width - 1) continue
      const hash = hashOf(low, high)
      // Two marks for each piece: of a thousand that are not there, next to none is taken for one that is.
      if (across[hash >>> SHIFT] === mark && across[hash & MASK] === mark) return 'open'
    }
    return 'confined'
  }

  #nextMark(): number {
    if (this.#mark === 255) {
      this.#all.fill(0)
      this.#across.fill(0)
      this.#mark = 0
    }
    return ++this.#mark
  }

  #findPlaces(lower: string): number {
    const { length } = lower
    if (this.#places.length < length + 2) this.#places = new Int32Array((length + 2) * 2)
    const places = this.#places
    let size = 0
    let before = 0
    places[0] = -1
    for (let i = 0; i < length; i++) {
      const code = lower.charCodeAt(i)
      if (code === BACKSLASH || (code === before && (code === QUOTE || code === DOUBLE_QUOTE))) continue
      before = code
      places[++size] = i
    }
    places[size + 1] = length
    return size
  }

  /**
   * Where tokens begin and where what is inside of them begins and ends, in order. Answers `false` where a text that is no word could be
   * inside of an operator or a placeholder: `/*!50000`, `:a$b$c`.
   */
  #findBorders(text: string, tokens: Tokens): boolean {
    const { count, kind, start, end, open, close } = tokens
    if (this.#borders.length < count * 3 + 1) this.#borders = new Int32Array(count * 6)
    const borders = this.#borders
    let size = 0
    for (let i = 0; i < count; i++) {
      const from = start[i] as number
      const to = end[i] as number
      borders[size++] = from
      switch (kind[i]) {
        case STRING:
        case QUOTED:
        case COMMENT:
          borders[size++] = from + (open[i] as number)
          borders[size++] = to - (close[i] as number)
          break
        case OPERATOR:
        case PLACEHOLDER:
          if (to - from > NARROW && !PLAIN.test(text.slice(from + 1, to))) return false
          // They are code all through: whoever sends one as a whole is on both sides of this border.
          if (to - from > 1) borders[size++] = from + 1
      }
    }
    borders[size] = BEHIND_ALL
    return true
  }

  /** Whether pieces of the statement are the same as both ends of a text; also where that cannot be told. */
  #hasEnds(text: string): boolean {
    let from = 0
    let to = text.length - 1
    while (from < to && text.charCodeAt(from) <= BLANK) from++
    while (to > from && text.charCodeAt(to) <= BLANK) to--
    return this.#hasEnd(text, from, to + 1, 1) && this.#hasEnd(text, to, from - 1, -1)
  }

  #hasEnd(text: string, from: number, end: number, step: 1 | -1): boolean {
    let four = 0
    let before = 0
    for (let i = from, size = 0; i !== end; i += step) {
      const raw = text.charCodeAt(i)
      if (raw === BACKSLASH) continue
      // Letters beyond ASCII change their case in too many ways, and escaping writes the others as letters.
      if (raw >= BEYOND_ASCII || raw < BLANK) return true
      const code = FOLDED[raw] as number
      if (code === before && (code === QUOTE || code === DOUBLE_QUOTE)) continue
      before = code
      four = step > 0 ? (four << 8) | code : (four >>> 8) | (code << 24)
      if (++size === NARROW) return this.#all[hashOf(four, 0) >>> SHIFT] === this.#mark
    }
    return true
  }
}

function hashOf(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, SECOND), GOLDEN)
}

function folded(): Uint8Array {
  const table = new Uint8Array(BEYOND_ASCII)
  for (let code = 0; code < BEYOND_ASCII; code++) table[code] = code >= 0x41 && code <= 0x5a ? code + 0x20 : code
  return table
}
