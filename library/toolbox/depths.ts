import { Finder } from './finder.ts'
import type { Cut } from './presence.ts'

/** For texts up to these lengths it is worth the while to cut. Of longer ones nobody can send many. */
const LENGTHS = [32, 128, 512, 2048]

/** What is left of a text, and where in it the pieces of that were. */
export interface Left extends Cut {
  /** Where each piece begins in what is left, and where in the text, in turn. */
  readonly pieces: readonly number[]
}

/** The first are for short texts, the last one is for all that are looked for. */
export type Lefts = readonly [Left, ...Left[]]

/**
 * A text without what is so deep inside of its `runs` that nothing which reaches there is also outside of them: what is not found in the rest
 * lies inside of one run wherever it stands. `runs` are where each begins and ends, in turn; `longest` is the longest text that is looked for.
 */
export function withoutDepths(text: string, runs: readonly number[], longest: number): Lefts {
  const lefts: Left[] = []
  for (const length of LENGTHS) {
    const left = leftOf(text, runs, length)
    // What is hardly shorter is looked at as a whole.
    if (left.left.length * 2 > text.length) break
    lefts.push(left)
    if (length >= longest) break
  }
  const [first, ...more] = lefts
  if (first === undefined) return wholeOf(text)
  return (more.at(-1) ?? first).longest >= longest ? [first, ...more] : [first, ...more, ...wholeOf(text)]
}

/** Nothing is cut. */
export function wholeOf(text: string): Lefts {
  return [{ longest: Number.POSITIVE_INFINITY, left: text, pieces: [0, 0] }]
}

export function longestOf(texts: readonly string[]): number {
  let longest = 0
  for (const { length } of texts) if (length > longest) longest = length
  return longest
}

/** Finds texts in what is left of another one, and says where they stand in that. */
export class Places {
  readonly #lefts: Lefts
  readonly #finders: Finder[]

  constructor(lefts: Lefts) {
    this.#lefts = lefts
    this.#finders = lefts.map(({ left }) => new Finder(left))
  }

  *of(wanted: string): Iterable<number> {
    const nth = this.#lefts.findIndex(({ longest }) => wanted.length <= longest)
    const finder = this.#finders[nth]
    if (finder === undefined) return
    const { pieces } = this.#lefts[nth] as Left
    let piece = 0
    for (let at = finder.indexOf(wanted); at !== -1; at = finder.indexOf(wanted, at + 1)) {
      while (piece + 2 < pieces.length && (pieces[piece + 2] as number) <= at) piece += 2
      // What stands on both sides of a cut was never together.
      if (at + wanted.length >= (pieces[piece + 2] ?? Number.POSITIVE_INFINITY)) continue
      yield (pieces[piece + 1] as number) + at - (pieces[piece] as number)
    }
  }
}

/** As much as `longest` stays at both ends of what is cut. */
function leftOf(text: string, runs: readonly number[], longest: number): Left {
  const reach = longest + 1
  const pieces = [0, 0]
  let left = ''
  let from = 0
  for (let i = 0; i < runs.length; i += 2) {
    const begin = (runs[i] as number) + reach
    const end = (runs[i + 1] as number) - reach
    if (end <= begin) continue
    left += `${text.slice(from, begin)} `
    from = end
    pieces.push(left.length, from)
  }
  return { longest, left: left + text.slice(from), pieces }
}
