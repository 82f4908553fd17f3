import type { Grammar } from './dialect.ts'
import { lex } from './lexer.ts'
import { OPERATOR, SPACE, Tokens } from './tokens.ts'

/** How far a window reaches at first, and by how much more until its tokens are those of the statement again. */
const FIRST = 128
const WIDER = 8
/** Tokens of code that a window begins in front of the match, and how far back it looks for a blank to begin at. */
const BEFORE = 4
const FARTHEST = 64
const BEHIND = 2
/** A token costs as much as so many characters. */
export const TOKEN: number = 4
/** How many other readings of the rest of the statement are kept: where one quote is gone, the next one opens a string. */
const KEPT = 3

/** Of windows, and of those that became readings, for as long as their statement is judged. */
const spare: readonly Tokens[] = Array.from({ length: KEPT + 1 }, () => new Tokens())

/** A statement with a word in the place of the match, or as much of it as tells what is around: the developer's own part. */
export interface Around {
  readonly text: string
  /** Where the match was. */
  readonly from: number
  readonly tokens: Tokens
  /** Whether the whole statement reads like one that somebody wrote. */
  readonly isWhole: boolean
  /** How much was cut into tokens for it, in characters. */
  readonly work: number
}

/** The statement from some place on, as it reads when something in front of that is gone; or all of it as it is. */
interface Reading {
  readonly tokens: Tokens
  /** Where its text begins in the statement, and from where on it is the same. */
  readonly start: number
  readonly from: number
  /** Parentheses that are open in front of each token, and the fewest behind it. */
  readonly depth: Int32Array
  readonly fewest: Int32Array
  /** The first token that closes what nothing opened, or -1. */
  readonly negative: number
}

/** A token of a window that is one of a reading, by its number in each. */
interface Meeting {
  readonly reading: Reading
  readonly here: number
  readonly there: number
}

/**
 * Tells of a long statement what it would be with a word in the place of one match, in time that the surroundings of the match decide:
 * tokens in front of it stay, and those behind it are the same again from the first one on that begins where one began before.
 *
 * One at a time: the next one takes over what this one has kept.
 */
export class Surroundings {
  readonly #sql: string
  readonly #grammar: Grammar
  readonly #all: Tokens
  readonly #readings: Reading[] = []
  /** What MySQL runs of a comment reaches over tokens. */
  readonly #reachesOver: boolean

  /** `all` are the tokens of the statement, which are there when first asked. */
  constructor(sql: string, grammar: Grammar, all: Tokens) {
    this.#sql = sql
    this.#grammar = grammar
    this.#all = all
    this.#reachesOver = grammar.versionComments && /\/\*M?!/.test(sql)
  }

  /** `undefined` where only the whole statement tells. Valid until the next call. */
  without(from: number, size: number): Around | undefined {
    if (this.#reachesOver) return undefined
    const readings = this.#readings
    if (readings.length === 0) readings.push(this.#read(this.#all, 0, 0))
    const tokens = spare[Math.min(readings.length - 1, KEPT)] as Tokens
    const sql = this.#sql
    const begin = this.#beginOf(this.#all.at(from))
    const start = this.#all.start[begin] as number
    let work = 0
    for (let width = FIRST; ; width *= WIDER) {
      const end = Math.min(sql.length, from + size + width)
      const text = sql.slice(start, from) + 'a'.repeat(size) + sql.slice(from + size, end)
      lex(text, this.#grammar, tokens)
      work += text.length + tokens.count * TOKEN
      const isAll = end === sql.length
      const meeting = this.#meeting(tokens, start, from + size, isAll)
      if (meeting === undefined && !isAll) continue
      const isWhole = this.#isWhole(tokens, begin, meeting)
      if (meeting === undefined && readings.length <= KEPT) readings.push(this.#read(tokens, start, from + size))
      return { text, from: from - start, tokens, isWhole, work }
    }
  }

  /** The first token of the window. */
  #beginOf(token: number): number {
    const all = this.#all
    let code = 0
    let i = token
    while (i > 0) {
      i--
      if (all.isCode(i)) code++
      if (code < BEFORE) continue
      if (all.kind[i] === SPACE || token - i > FARTHEST) {
        // `::type` would be read as a placeholder from its second colon on.
        if (!':@$?'.includes(this.#sql.charAt((all.start[i] as number) - 1))) break
      }
    }
    return i
  }

  /** Where a window goes on like a reading that is known. */
  #meeting(tokens: Tokens, start: number, behind: number, isAll: boolean): Meeting | undefined {
    for (const reading of this.#readings) {
      const meeting = meetingWith(reading, tokens, start, behind, isAll)
      if (meeting !== undefined) return meeting
    }
    return undefined
  }

  #isWhole(tokens: Tokens, begin: number, meeting: Meeting | undefined): boolean {
    const all = this.#readings[0] as Reading
    if (all.negative !== -1 && all.negative < begin) return false
    const until = meeting === undefined ? tokens.count : meeting.here
    let depth = all.depth[begin] as number
    for (let i = 0; i < until; i++) {
      depth += this.#step(tokens, i, this.#all.start[begin] as number)
      if (depth < 0) return false
    }
    if (meeting === undefined) return depth === 0 && tokens.closed
    const { reading, there } = meeting
    const shift = depth - (reading.depth[there] as number)
    const last = reading.depth[reading.tokens.count] as number
    return reading.tokens.closed && (reading.fewest[there] as number) + shift >= 0 && last + shift === 0
  }

  #read(tokens: Tokens, start: number, from: number): Reading {
    const depth = new Int32Array(tokens.count + 1)
    let negative = -1
    for (let i = 0; i < tokens.count; i++) {
      depth[i + 1] = (depth[i] as number) + this.#step(tokens, i, start)
      if ((depth[i + 1] as number) < 0 && negative === -1) negative = i
    }
    const fewest = depth.slice()
    for (let i = tokens.count - 1; i >= 0; i--) fewest[i] = Math.min(fewest[i] as number, fewest[i + 1] as number)
    return { tokens, start, from, depth, fewest, negative }
  }

  #step(of: Tokens, i: number, start: number): number {
    if (of.kind[i] !== OPERATOR || (of.end[i] as number) - (of.start[i] as number) !== 1) return 0
    const code = this.#sql.charCodeAt((of.start[i] as number) + start)
    return code === 0x28 ? 1 : code === 0x29 ? -1 : 0
  }
}

/** The first token behind a place that begins where one of the reading does: what follows is the same then. */
function meetingWith(
  reading: Reading,
  tokens: Tokens,
  start: number,
  behind: number,
  isAll: boolean,
): Meeting | undefined {
  const { tokens: all, start: shift, from } = reading
  const first = Math.max(behind, from)
  let there = all.at(first - shift)
  // The last token may have been cut off.
  const last = isAll ? tokens.count : tokens.count - 1
  for (let here = tokens.at(first - start); here < last; here++) {
    const at = (tokens.start[here] as number) + start
    if (at < first) continue
    while (there < all.count && (all.start[there] as number) + shift < at) there++
    if ((all.start[there] as number) + shift !== at || there >= all.count) continue
    if (isAll) return { reading, here, there }
    let code = 0
    for (let i = here; i < last; i++) if (tokens.isCode(i)) code++
    return code >= BEHIND ? { reading, here, there } : undefined
  }
  return undefined
}
