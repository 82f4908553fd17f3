/** A regular expression as a tree. What it matches exactly matters less than in how many ways it can try. */
export type Piece =
  | SetPiece
  /** `^`, `$`, `\b` and `\B`: takes no character and may fail. */
  | { readonly kind: 'assertion'; readonly sign: string }
  | { readonly kind: 'look'; readonly body: Piece }
  | { readonly kind: 'back' }
  | { readonly kind: 'sequence'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'choice'; readonly pieces: readonly Piece[] }
  | RepeatPiece

/** One character out of some. */
export interface SetPiece {
  readonly kind: 'set'
  readonly set: Ranges
  /** More may be in the set than really is, as with `\p{Letter}`. */
  readonly isVague?: boolean
}

export interface RepeatPiece {
  readonly kind: 'repeat'
  readonly body: Piece
  readonly min: number
  readonly max: number
}

/** First and last code point by turns, in order and apart. */
export type Ranges = readonly number[]

export const LAST = 0x10ffff
export const ALL: Ranges = [0, LAST]
export const DIGITS: Ranges = [48, 57]
export const WORD: Ranges = [48, 57, 65, 90, 95, 95, 97, 122]
export const SPACE: Ranges = [
  9, 13, 32, 32, 160, 160, 5760, 5760, 8192, 8202, 8232, 8233, 8239, 8239, 8287, 8287, 12288, 12288, 65279, 65279,
]
export const NOT_LINE_ENDS: Ranges = [0, 9, 11, 12, 14, 8231, 8234, LAST]

export function unite(ranges: Ranges): Ranges {
  const pairs: [number, number][] = []
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i] ?? 0, ranges[i + 1] ?? 0])
  pairs.sort(([a], [b]) => a - b)
  const united: number[] = []
  for (const [from, to] of pairs) {
    const last = united.at(-1)
    if (last !== undefined && from <= last + 1) united[united.length - 1] = Math.max(last, to)
    else united.push(from, to)
  }
  return united
}

/** All characters but these. */
export function invert(ranges: Ranges): Ranges {
  const inverted: number[] = []
  let next = 0
  const united = unite(ranges)
  for (let i = 0; i < united.length; i += 2) {
    const from = united[i] ?? 0
    if (from > next) inverted.push(next, from - 1)
    next = (united[i + 1] ?? 0) + 1
  }
  if (next <= LAST) inverted.push(next, LAST)
  return inverted
}

export function overlap(a: Ranges, b: Ranges): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if ((a[i + 1] ?? 0) < (b[j] ?? 0)) i += 2
    else if ((b[j + 1] ?? 0) < (a[i] ?? 0)) j += 2
    else return true
  }
  return false
}

/** With the other case of each letter. Outside of ASCII any letter is taken for any other. */
export function foldCase(ranges: Ranges, isUnicode: boolean): Ranges {
  const folded = [...foldAscii(ranges)]
  if (ranges.some((point) => point > 127)) folded.push(128, LAST)
  // The long s and the Kelvin sign are s and k to the flags `iu`.
  for (const [upper, lower, other] of isUnicode ? TWINS : []) {
    if ([upper, lower, other].some((point) => overlap(unite(ranges), [point, point])))
      folded.push(upper, upper, lower, lower, other, other)
  }
  return unite(folded)
}

export function foldAscii(ranges: Ranges): Ranges {
  const folded = [...ranges]
  for (let i = 0; i < ranges.length; i += 2) {
    const from = ranges[i] ?? 0
    const to = ranges[i + 1] ?? 0
    if (from <= 90 && to >= 65) folded.push(Math.max(from, 65) + 32, Math.min(to, 90) + 32)
    if (from <= 122 && to >= 97) folded.push(Math.max(from, 97) - 32, Math.min(to, 122) - 32)
  }
  return unite(folded)
}

const TWINS: readonly (readonly [upper: number, lower: number, other: number])[] = [
  [75, 107, 0x212a],
  [83, 115, 0x17f],
]
