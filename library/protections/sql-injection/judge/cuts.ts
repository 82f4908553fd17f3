import type { Cut } from '../../../toolbox/presence.ts'
import { COMMENT, QUOTED, STRING, type Tokens } from './tokens.ts'

/** For texts up to these lengths it is worth the while to cut a statement. Of longer ones nobody can send many. */
const LENGTHS = [32, 128, 512, 2048]
/** Escaping writes at most two signs for one. */
const ESCAPED = 2

/**
 * The statement without what is so deep inside of strings and comments that no text which reaches there is also outside of them. What is not
 * found in the rest is confined wherever it stands.
 */
export function* cutsOf(sql: string, tokens: Tokens): Iterable<Cut> {
  for (const longest of LENGTHS) {
    const left = withoutDepths(sql, tokens, longest * ESCAPED + 1)
    // What is hardly shorter is looked at as a whole.
    if (left.length * 2 > sql.length) return
    yield { longest, left }
  }
}

/** The statement without what is inside of strings and comments: where a plain word is not found in it, it is confined. */
export function codeOf(sql: string, tokens: Tokens): Cut {
  return { longest: Number.POSITIVE_INFINITY, left: withoutDepths(sql, tokens, 0) }
}

/** `reach` is how much stays at both ends of what is cut. */
function withoutDepths(sql: string, tokens: Tokens, reach: number): string {
  let left = ''
  let from = 0
  for (let i = 0; i < tokens.count; i++) {
    const kind = tokens.kind[i]
    if (kind !== STRING && kind !== QUOTED && kind !== COMMENT) continue
    const begin = (tokens.start[i] as number) + (tokens.open[i] as number) + reach
    const end = (tokens.end[i] as number) - (tokens.close[i] as number) - reach
    if (end <= begin) continue
    left += `${sql.slice(from, begin)} `
    from = end
  }
  return left + sql.slice(from)
}
