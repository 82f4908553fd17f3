import type { Grammar } from './dialect.ts'
import { lex } from './lexer.ts'
import { OPERATOR, SPACE, Tokens } from './tokens.ts'

/** How far a window reaches at first; it doubles until its tokens are those of the statement again. */
const FIRST = 128
/** Tokens of code that a window begins in front of the match, and how far back it looks for a blank to begin at. */
const BEFORE = 4
const FARTHEST = 64
const BEHIND = 2

const tokens: Tokens = new Tokens()

/** A statement with a word in the place of the match, or as much of it as tells what is around: the developer's own part. */
export interface Around {
  readonly text: string
  /** Where the match was. */
  readonly from: number
  readonly tokens: Tokens
  /** Whether the whole statement reads like one that somebody wrote. */
  readonly isWhole: boolean
}

/**
 * Tells of a long statement what it would be with a word in the place of one match, in time that the surroundings of the match decide:
 * tokens in front of it stay, and those behind it are the same again from the first one on that begins where one began before.
 */
export class Surroundings {
  readonly #sql: string
  readonly #grammar: Grammar
  readonly #all: Tokens
  /** Parentheses that are open in front of each token, and the fewest behind it. */
  #depth: Int32Array | undefined = undefined
  #fewest: Int32Array = new Int32Array(0)
  #firstNegative = -1

  /** `all` are the tokens of the statement, which are there when first asked. */
  constructor(sql: string, grammar: Grammar, all: Tokens) {
    this.#sql = sql
    this.#grammar = grammar
    this.#all = all
  }

  /** `undefined` where only the whole statement tells. */
  without(from: number, size: number): Around | undefined {
    // What MySQL runs of a comment reaches over tokens.
    if (this.#grammar.versionComments && this.#sql.includes('/*')) return undefined
    const depth = (this.#depth ??= this.#count())
    const sql = this.#sql
    const all = this.#all
    const begin = this.#beginOf(all.at(from))
    const start = all.start[begin] as number
    for (let width = FIRST; ; width *= 2) {
      const end = Math.min(sql.length, from + size + width)
      const text = sql.slice(start, from) + 'a'.repeat(size) + sql.slice(from + size, end)
      lex(text, this.#grammar, tokens)
      const isAll = end === sql.length
      const again = this.#again(start, from + size, isAll)
      if (again === undefined && !isAll) continue
      const isWhole = this.#isWhole(depth[begin] as number, begin, again)
      return { text, from: from - start, tokens, isWhole }
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

  /** The first token of the window behind the match that is one of the statement, as `[its number in the window, its number there]`. */
  #again(start: number, behind: number, isAll: boolean): readonly [number, number] | undefined {
    const all = this.#all
    let there = all.at(behind)
    // The last token may have been cut off.
    const last = isAll ? tokens.count : tokens.count - 1
    for (let here = tokens.at(behind - start); here < last; here++) {
      const at = (tokens.start[here] as number) + start
      if (at < behind) continue
      while (there < all.count && (all.start[there] as number) < at) there++
      if (all.start[there] !== at || there >= all.count) continue
      if (isAll) return [here, there]
      let code = 0
      for (let i = here; i < last; i++) if (tokens.isCode(i)) code++
      return code >= BEHIND ? [here, there] : undefined
    }
    return undefined
  }

  #isWhole(open: number, begin: number, again: readonly [number, number] | undefined): boolean {
    const all = this.#all
    if (this.#firstNegative !== -1 && this.#firstNegative < begin) return false
    const until = again === undefined ? tokens.count : again[0]
    let depth = open
    for (let i = 0; i < until; i++) {
      depth += this.#step(tokens, i, (tokens.start[i] as number) + (all.start[begin] as number))
      if (depth < 0) return false
    }
    if (again === undefined) return depth === 0 && tokens.closed
    const [, there] = again
    const shift = depth - (this.#depth?.[there] ?? 0)
    return all.closed && (this.#fewest[there] as number) + shift >= 0 && (this.#depth?.[all.count] ?? 0) + shift === 0
  }

  #count(): Int32Array {
    const all = this.#all
    const depth = new Int32Array(all.count + 1)
    for (let i = 0; i < all.count; i++) {
      depth[i + 1] = (depth[i] as number) + this.#step(all, i, all.start[i] as number)
      if ((depth[i + 1] as number) < 0 && this.#firstNegative === -1) this.#firstNegative = i
    }
    this.#fewest = depth.slice()
    for (let i = all.count - 1; i >= 0; i--)
      this.#fewest[i] = Math.min(this.#fewest[i] as number, this.#fewest[i + 1] as number)
    return depth
  }

  #step(of: Tokens, i: number, at: number): number {
    if (of.kind[i] !== OPERATOR || (of.end[i] as number) - (of.start[i] as number) !== 1) return 0
    const code = this.#sql.charCodeAt(at)
    return code === 0x28 ? 1 : code === 0x29 ? -1 : 0
  }
}
