/**
 * Lengths of the pieces that are indexed. A text is looked up by the longest that fits into it, at both of its ends: together they are all
 * of it, so that what looks like the text at its ends only does not have to be compared.
 */
export const WIDTHS: readonly number[] = Array.from({ length: 16 }, (_, i) => 2 ** (i + 1))
export const GOLDEN: number = 0x9e3779b1 | 0

let chosen = 0

/**
 * Nobody can prepare texts whose pieces fall together in a process that they have not seen. Chosen when it is first asked for: what is only
 * loaded must not load `node:crypto`.
 */
export function baseOfHashes(): number {
  if (chosen === 0) chosen = (process.getBuiltinModule('node:crypto').randomBytes(4).readUInt32LE() | 1) >> 0
  return chosen
}

/** Which of the widths a text of this length is looked up by; the length is at least 2. */
export function levelOf(size: number): number {
  return Math.min(30 - Math.clz32(size), WIDTHS.length - 1)
}

/** The hash of the piece that begins here. */
export function hashOf(codes: Uint16Array, from: number, width: number): number {
  let hash = 0
  const base = baseOfHashes()
  for (let i = from; i < from + width; i++) hash = (Math.imul(hash, base) + (codes[i] as number) + 1) | 0
  return hash
}

/** The same for a text. */
export function hashOfText(text: string, from: number, width: number): number {
  let hash = 0
  const base = baseOfHashes()
  for (let i = from; i < from + width; i++) hash = (Math.imul(hash, base) + text.charCodeAt(i) + 1) | 0
  return hash
}

/** All pieces of one length in a text, by their hash. */
interface Level {
  readonly hashes: Int32Array
  /** Places in groups, each in order. Those of a bucket begin at `starts[bucket]`. */
  readonly places: Int32Array
  readonly starts: Int32Array
  readonly shift: number
}

/** Where the pieces of a text are. Made for each width when it is first needed, in time that only the length decides. */
export class Grams {
  /** Places that were looked at, those for making the index among them: what hostile input could make grow. */
  work = 0
  readonly #codes: Uint16Array
  readonly #size: number
  readonly #levels: (Level | undefined)[] = []

  constructor(codes: Uint16Array, size: number) {
    this.#codes = codes
    this.#size = size
  }

  /**
   * The first place at or behind `from` where a piece of this width and hash begins, with one of hash `last` that begins `behind` further
   * on; -1 when there is none.
   */
  find(nth: number, first: number, last: number, behind: number, from: number): number {
    const { hashes, places, starts, shift } = (this.#levels[nth] ??= this.#make(nth))
    const one = Math.imul(first, GOLDEN) >>> shift
    const other = Math.imul(last, GOLDEN) >>> shift
    let low = starts[one] as number
    let end = starts[one + 1] as number
    let back = 0
    const lowOther = starts[other] as number
    const endOther = starts[other + 1] as number
    // Both ends must be there; the rarer one is looked at.
    if (endOther - lowOther < end - low) {
      low = lowOther
      end = endOther
      back = behind
    }
    if (low === end) return -1
    let high = end
    while (low < high) {
      const middle = (low + high) >> 1
      if ((places[middle] as number) - back < from) low = middle + 1
      else high = middle
    }
    for (; low < end; low++) {
      this.work++
      const at = (places[low] as number) - back
      if (hashes[at] === first && hashes[at + behind] === last) return at
    }
    return -1
  }

  #make(nth: number): Level {
    const width = WIDTHS[nth] as number
    const codes = this.#codes
    const count = Math.max(0, this.#size - width + 1)
    this.work += count
    const hashes = new Int32Array(count)
    // A few places in each bucket: the less there is to go through for each text, the more there is for all.
    const bits = Math.max(4, 30 - Math.clz32(count))
    const shift = 32 - bits
    const starts = new Int32Array((1 << bits) + 1)
    const base = baseOfHashes()
    let power = 1
    for (let i = 1; i < width; i++) power = Math.imul(power, base)
    let hash = count > 0 ? hashOf(codes, 0, width) : 0
    for (let at = 0; at < count; at++) {
      hashes[at] = hash
      const bucket = Math.imul(hash, GOLDEN) >>> shift
      starts[bucket] = (starts[bucket] as number) + 1
      const without = (hash - Math.imul(power, (codes[at] as number) + 1)) | 0
      hash = (Math.imul(without, base) + (codes[at + width] as number) + 1) | 0
    }
    for (let bucket = 1; bucket < starts.length; bucket++)
      starts[bucket] = (starts[bucket] as number) + (starts[bucket - 1] as number)
    // Each bucket is filled from its end, so that its places are in order and its beginning is known.
    const places = new Int32Array(count)
    for (let at = count - 1; at >= 0; at--) {
      const bucket = Math.imul(hashes[at] as number, GOLDEN) >>> shift
      const place = (starts[bucket] as number) - 1
      places[place] = at
      starts[bucket] = place
    }
    return { hashes, places, starts, shift }
  }
}
