import { Grams, type Wanted } from './grams.ts'

/** So many characters may plain searches pass before an index pays, which costs as much as some looks at all of the text. */
const PLAIN_WORK = 50_000
const PLAIN_LOOKS = 16
const SHORTEST = 256
/** Texts are compared with much of what nearly is one: so many characters of one make each that is passed count once more. */
const LONG = 16
/** Longer texts are looked for by their two ends: text that repeats itself is compared with all of one at each place, and differs at its end. */
const HEAD = 64

/**
 * Finds many texts in one, and answers what `String.indexOf` would.
 *
 * **Security**: a client that sends twenty thousand texts would have each of them searched for through all of a long statement, which takes
 * seconds. From a certain amount of work on the text is indexed, and a search costs about the same wherever and however often it hits.
 */
export class Finder {
  readonly text: string
  readonly #mostPlain: number
  #plain = 0
  #grams: Grams | undefined = undefined
  /** What was looked for last: mostly it is looked for again, further on. */
  #wanted: Wanted | undefined = undefined

  constructor(text: string) {
    this.text = text
    this.#mostPlain = Math.max(PLAIN_WORK, text.length * PLAIN_LOOKS)
  }

  /** Characters and places that were looked at, long texts counted more than once. */
  get work(): number {
    return this.#plain + (this.#grams?.work ?? 0)
  }

  includes(wanted: string): boolean {
    return this.indexOf(wanted) !== -1
  }

  /** The first place at or behind `from` where the text is found, or -1. */
  indexOf(wanted: string, from = 0): number {
    const { text } = this
    const size = wanted.length
    if (size < 2 || text.length < SHORTEST) return text.indexOf(wanted, from)
    let at = from
    if (size <= HEAD) {
      if (this.#plain < this.#mostPlain) return this.#look(wanted, at)
    } else {
      const head = wanted.slice(0, HEAD)
      const tail = wanted.slice(-HEAD)
      for (; this.#plain < this.#mostPlain; at++) {
        at = this.#look(head, at)
        if (at === -1 || size > text.length - at) return -1
        this.#plain += HEAD
        if (!text.startsWith(tail, at + size - HEAD)) continue
        this.#plain += size
        if (text.startsWith(wanted, at)) return at
      }
    }
    if (size > text.length - at) return -1
    this.#grams ??= new Grams(text)
    const known = this.#wanted?.text === wanted ? this.#wanted : (this.#wanted = this.#grams.want(wanted))
    for (; ; at++) {
      at = this.#grams.find(known, at)
      if (at === -1 || text.startsWith(wanted, at)) return at
    }
  }

  #look(wanted: string, from: number): number {
    const found = this.text.indexOf(wanted, from)
    this.#plain += ((found === -1 ? this.text.length : found) - from) * (1 + Math.floor(wanted.length / LONG))
    return found
  }
}
