import { baseOfHashes, GOLDEN, hashOf, levelOf, WIDTHS } from './grams.ts'

/** For fewer texts than this it is no work to look for each of them. */
const FEW = 48
/** Longer texts are told by their two ends. */
const WHOLE = 256
const ENDS = 96
const WIDEST = 32
const SILVER = 0x85ebca6b | 0

const QUOTE = 0x27
const DOUBLE_QUOTE = 0x22
const BACKSLASH = 0x5c
const BEYOND_ASCII = 0x80
const FOLDED: Uint8Array = folded()

let codes: Uint16Array = new Uint16Array(1024)
let marks: Uint8Array = new Uint8Array(1024)
/** What is known of the texts of one exchange, for as long as their list lives. */
const known = new WeakMap<readonly string[], Needles>()
const parents = new WeakMap<readonly string[], Parent>()

interface Parent {
  readonly whole: readonly string[]
  /** Where each text of the part stands in the whole. */
  readonly places: readonly number[]
}

/**
 * Marks which of the texts may stand in the call, in any case and escaped in any way; `undefined` where there are so few that each had
 * better be looked for. A text that is not marked is not there. Valid until the next call of this function.
 *
 * Texts are compared without backslashes, with one quote for several in a row, and with letters for the signs that escaping writes as
 * letters (`\n`): what every form of a text has in common. What is found out about the texts is kept with their list, which may only grow.
 */
export function presence(call: string, texts: readonly string[]): Uint8Array | undefined {
  if (texts.length <= FEW) return undefined
  return needlesOf(texts).markIn(call)
}

/** What is left of a call for texts up to a length, once the places are cut out where no text can do anything. */
export interface Cut {
  /** Of the texts, as they came. */
  readonly longest: number
  readonly left: string
}

/**
 * The same, where only what is left of the call counts: each text is looked for in the first cut that is made for its length. Longer ones are
 * marked. Answers an array of its own.
 */
export function presenceInCuts(cuts: Iterable<Cut>, texts: readonly string[]): Uint8Array {
  const needles = needlesOf(texts)
  const marked = new Uint8Array(texts.length)
  let beyond = 0
  for (const { left, longest } of cuts) {
    needles.markInto(marked, left, beyond, longest)
    beyond = longest + 1
  }
  for (let i = 0; i < texts.length; i++) if ((texts[i] as string).length >= beyond) marked[i] = 1
  return marked
}

/** Says that one list is a part of another, so that no text is looked at twice. All of them may only grow. */
export function isPart(part: readonly string[], whole: readonly string[], places: readonly number[]): void {
  parents.set(part, { whole, places })
}

function needlesOf(texts: readonly string[]): Needles {
  let needles = known.get(texts)
  if (needles === undefined) known.set(texts, (needles = new Needles()))
  const parent = parents.get(texts)
  if (parent === undefined) needles.read(texts)
  else needles.copy(needlesOf(parent.whole), parent.places)
  return needles
}

/** Those of the texts that may stand in the call, in their order. */
export function presentIn(call: string, texts: readonly string[]): readonly string[] {
  const marked = presence(call, texts)
  return marked === undefined ? texts : texts.filter((_, i) => marked[i] !== 0)
}

/** The hashes of all pieces of one width in the call; those of twice the width are made of them, with no look at the call. */
class Hashes {
  #all: Int32Array = new Int32Array(1024)
  #width = 1
  #power = 1
  #size = 0

  begin(size: number): void {
    if (this.#all.length < size) this.#all = new Int32Array(size * 2)
    for (let i = 0; i < size; i++) this.#all[i] = (codes[i] as number) + 1
    this.#width = 1
    this.#power = baseOfHashes()
    this.#size = size
  }

  /** Widths must be asked for from the least to the greatest. */
  ofWidth(width: number): Int32Array {
    const all = this.#all
    for (; this.#width < width; this.#width *= 2) {
      const power = this.#power
      const half = this.#width
      const count = this.#size - half * 2 + 1
      for (let i = 0; i < count; i++) all[i] = (Math.imul(all[i] as number, power) + (all[i + half] as number)) | 0
      this.#power = Math.imul(power, power)
    }
    return all
  }
}

const hashes = new Hashes()

/** Which pieces of one length the call has, as far as three bits of one number for each tell. */
class Pieces {
  #bits: Int32Array = new Int32Array(128)
  #shift = 25

  make(width: number, size: number): void {
    // Sixteen bits for each place: of a hundred pieces that are not there, one is taken for present.
    const bits = Math.min(Math.max(31 - Math.clz32(size), 5), 19)
    if (this.#bits.length < 2 ** bits) this.#bits = new Int32Array(2 ** bits)
    const table = this.#bits.fill(0, 0, 2 ** bits)
    const shift = 32 - bits
    this.#shift = shift
    const all = hashes.ofWidth(width)
    for (let at = 0; at + width <= size; at++) {
      const hash = all[at] as number
      const place = Math.imul(hash, GOLDEN) >>> shift
      table[place] = (table[place] as number) | maskOf(hash)
    }
  }

  has(hash: number): boolean {
    const mask = maskOf(hash)
    return ((this.#bits[Math.imul(hash, GOLDEN) >>> this.#shift] as number) & mask) === mask
  }
}

function maskOf(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), SILVER)
  return (1 << (mixed >>> 27)) | (1 << ((mixed >>> 22) & 31)) | (1 << ((mixed >>> 17) & 31))
}

const seen: readonly Pieces[] = WIDTHS.map(() => new Pieces())

/** The two ends of each text as numbers. */
class Needles {
  #count = 0
  /** A bit for each level that any text has. */
  #levels = 0
  #level: Uint8Array = new Uint8Array(64)
  /** How long each text is, as it came. */
  #length: Int32Array = new Int32Array(64)
  #first: Int32Array = new Int32Array(64)
  #last: Int32Array = new Int32Array(64)

  read(texts: readonly string[]): void {
    if (texts.length > this.#level.length) this.#grow(texts.length)
    for (; this.#count < texts.length; this.#count++) this.#add(this.#count, texts[this.#count] as string)
  }

  copy(whole: Needles, places: readonly number[]): void {
    if (places.length > this.#level.length) this.#grow(places.length)
    this.#levels = whole.#levels
    for (; this.#count < places.length; this.#count++) {
      const to = this.#count
      const from = places[to] as number
      this.#level[to] = whole.#level[from] as number
      this.#length[to] = whole.#length[from] as number
      this.#first[to] = whole.#first[from] as number
      this.#last[to] = whole.#last[from] as number
    }
  }

  markIn(call: string): Uint8Array {
    if (marks.length < this.#count) marks = new Uint8Array(this.#count * 2)
    this.markInto(marks, call, 0, Number.POSITIVE_INFINITY)
    return marks
  }

  /** Only texts that are as long as this; the others stay as they are marked. */
  markInto(marked: Uint8Array, call: string, least: number, most: number): void {
    const size = fold(call, 0, call.length)
    hashes.begin(size)
    for (let nth = 0; nth < WIDTHS.length; nth++) {
      const width = WIDTHS[nth] as number
      if ((this.#levels & (1 << nth)) !== 0 && width <= most) (seen[nth] as Pieces).make(width, size)
    }
    for (let i = 0; i < this.#count; i++) {
      const length = this.#length[i] as number
      if (length >= least && length <= most) marked[i] = this.#isIn(i) ? 1 : 0
    }
  }

  #isIn(i: number): boolean {
    const nth = this.#level[i] as number
    if (nth === NONE) return true
    const pieces = seen[nth] as Pieces
    return pieces.has(this.#first[i] as number) && pieces.has(this.#last[i] as number)
  }

  #add(i: number, raw: string): void {
    this.#length[i] = raw.length
    const text = isEdge(raw.charCodeAt(0)) || isEdge(raw.charCodeAt(raw.length - 1)) ? raw.trim() : raw
    const { length } = text
    if (length > WHOLE) {
      if (this.#addEnds(i, text)) return
    }
    const size = fold(text, 0, length)
    if (size < 2) {
      this.#level[i] = NONE
      return
    }
    const nth = levelOf(size)
    const width = WIDTHS[nth] as number
    this.#level[i] = nth
    this.#levels |= 1 << nth
    this.#first[i] = hashOf(codes, 0, width)
    this.#last[i] = size === width ? (this.#first[i] as number) : hashOf(codes, size - width, width)
  }

  #addEnds(i: number, text: string): boolean {
    if (fold(text, 0, ENDS) < WIDEST) return false
    const first = hashOf(codes, 0, WIDEST)
    const size = fold(text, text.length - ENDS, text.length)
    if (size < WIDEST) return false
    this.#level[i] = levelOf(WIDEST)
    this.#levels |= 1 << levelOf(WIDEST)
    this.#first[i] = first
    this.#last[i] = hashOf(codes, size - WIDEST, WIDEST)
    return true
  }

  #grow(least: number): void {
    const size = Math.max(least, this.#level.length * 2)
    const level = new Uint8Array(size)
    level.set(this.#level)
    this.#level = level
    this.#length = grown(this.#length, size)
    this.#first = grown(this.#first, size)
    this.#last = grown(this.#last, size)
  }
}

const NONE = 255

function grown(old: Int32Array, size: number): Int32Array {
  const fresh = new Int32Array(size)
  fresh.set(old)
  return fresh
}

/** Writes what forms of a text have in common to `codes`, and answers how much that is. */
function fold(text: string, from: number, to: number): number {
  if (codes.length < to - from) codes = new Uint16Array((to - from) * 2)
  let size = 0
  let before = 0
  for (let i = from; i < to; i++) {
    const raw = text.charCodeAt(i)
    if (raw === BACKSLASH) continue
    // Letters beyond ASCII change their case in too many ways.
    const code = raw < BEYOND_ASCII ? (FOLDED[raw] as number) : BEYOND_ASCII
    if (code === before && (code === QUOTE || code === DOUBLE_QUOTE)) continue
    before = code
    codes[size++] = code
  }
  return size
}

function isEdge(code: number): boolean {
  return code <= 0x20 || code >= BEYOND_ASCII
}

function folded(): Uint8Array {
  const table = new Uint8Array(BEYOND_ASCII)
  for (let code = 0; code < BEYOND_ASCII; code++) table[code] = code >= 0x41 && code <= 0x5a ? code + 0x20 : code
  table[0] = 0x30
  table[0x0a] = 0x6e
  table[0x0d] = 0x72
  table[0x1a] = 0x7a
  return table
}
