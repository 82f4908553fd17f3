/**
 * Lengths of pieces. A text is known by the longest that fits into it, at both of its ends: together they are all of it, so that what looks
 * like the text at its ends only is not taken for it.
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

/** Lengths of the pieces that places are kept of. Few: each costs a look at all of the text. */
const STEPS: readonly number[] = [2, 4, 8, 16, 32, 128, 1024, 16_384]
/** So few places of shorter pieces are looked at rather than to find out where longer ones are. */
const FEW = 48

/** What is looked for again and again. */
export interface Wanted {
  readonly text: string
  readonly nth: number
  readonly first: number
  readonly last: number
  /** How far behind the first piece the last one begins. */
  readonly behind: number
  readonly whole: number
  /** The base to the length of the text, for hashes of as much. */
  readonly power: number
}

/** A text of at least 2 characters, ready to be found by pieces of one length. */
function toWanted(text: string, nth: number): Wanted {
  const size = text.length
  const width = STEPS[nth] as number
  const behind = size - width
  const first = hashOfText(text, 0, width)
  const last = behind === 0 ? first : hashOfText(text, behind, width)
  const whole = behind === 0 ? first : hashOfText(text, 0, size)
  return { text, nth, first, last, behind, whole, power: powerOf(size) }
}

function powerOf(size: number): number {
  let power = 1
  let square = baseOfHashes()
  for (let rest = size; rest > 0; rest >>= 1) {
    if ((rest & 1) !== 0) power = Math.imul(power, square)
    square = Math.imul(square, square)
  }
  return power
}

/** Where all pieces of one length are. */
interface Level {
  /** Places in groups, each in order. Those of a bucket begin at `starts[bucket]`. */
  readonly places: Int32Array
  readonly starts: Int32Array
  readonly shift: number
}

/** The bucket of each place, while a level is made of a text that is not huge. */
const MOST_KEPT = 1 << 17
let scratch: Uint32Array | undefined

/** Where the pieces of a text are. Made for each width when it is first needed, in time that only the length decides. */
export class Grams {
  /** Places that were looked at, those for making the index among them: what hostile input could make grow. */
  work = 0
  readonly #size: number
  /** The hash of what is in front of each place: two of them give that of any piece, however long. */
  readonly #upTo: Int32Array
  readonly #levels: (Level | undefined)[] = []

  constructor(text: string) {
    const size = text.length
    const base = baseOfHashes()
    const upTo = new Int32Array(size + 1)
    let hash = 0
    for (let i = 0; i < size; i++) upTo[i + 1] = hash = (Math.imul(hash, base) + text.charCodeAt(i) + 1) | 0
    this.work = size
    this.#size = size
    this.#upTo = upTo
  }

  /** A text of at least 2 characters, ready to be found. */
  want(text: string): Wanted {
    let nth = STEPS.length - 1
    while ((STEPS[nth] as number) > text.length) nth--
    let made = nth
    while (made > 1 && this.#levels[made] === undefined) made--
    const level = this.#levels[made]
    if (made < nth && level !== undefined) {
      const wanted = toWanted(text, made)
      if (Math.min(bucketSize(level, wanted.first), bucketSize(level, wanted.last)) <= FEW) return wanted
    }
    return toWanted(text, nth)
  }

  /** The first place at or behind `from` where a piece begins that has the hashes of the text; -1 when there is none. */
  find({ nth, first, last, behind, whole, power }: Wanted, from: number): number {
    const { places, starts, shift } = (this.#levels[nth] ??= this.#make(STEPS[nth] as number))
    const upTo = this.#upTo
    const size = behind + (STEPS[nth] as number)
    const most = this.#size - size
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
    let high = end
    while (low < high) {
      const middle = (low + high) >> 1
      if ((places[middle] as number) - back < from) low = middle + 1
      else high = middle
    }
    for (; low < end; low++) {
      this.work++
      const at = (places[low] as number) - back
      if (at > most) return -1
      if ((((upTo[at + size] as number) - Math.imul(upTo[at] as number, power)) | 0) === whole) return at
    }
    return -1
  }

  #make(width: number): Level {
    const upTo = this.#upTo
    const count = Math.max(0, this.#size - width + 1)
    this.work += count
    // A few places in each bucket: the less there is to go through for each text, the more there is for all.
    const bits = Math.max(4, 28 - Math.clz32(count))
    const shift = 32 - bits
    const starts = new Int32Array((1 << bits) + 1)
    const power = powerOf(width)
    const buckets = count > MOST_KEPT ? new Uint32Array(count) : (scratch ??= new Uint32Array(MOST_KEPT))
    for (let at = 0; at < count; at++) {
      const hash = (upTo[at + width] as number) - Math.imul(upTo[at] as number, power)
      const bucket = Math.imul(hash, GOLDEN) >>> shift
      buckets[at] = bucket
      starts[bucket] = (starts[bucket] as number) + 1
    }
    for (let bucket = 1; bucket < starts.length; bucket++)
      starts[bucket] = (starts[bucket] as number) + (starts[bucket - 1] as number)
    // Each bucket is filled from its end, so that its places are in order and its beginning is known.
    const places = new Int32Array(count)
    for (let at = count - 1; at >= 0; at--) {
      const bucket = buckets[at] as number
      const place = (starts[bucket] as number) - 1
      places[place] = at
      starts[bucket] = place
    }
    return { places, starts, shift }
  }
}

function bucketSize({ starts, shift }: Level, hash: number): number {
  const bucket = Math.imul(hash, GOLDEN) >>> shift
  return (starts[bucket + 1] as number) - (starts[bucket] as number)
}
