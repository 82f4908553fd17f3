import type { Grammar } from './dialect.ts'
import { lex } from './lexer.ts'
import type { SqlMemory } from './memory.ts'
import { skeletonOf } from './skeleton.ts'
import { OPERATOR, statement as tokens, WORD } from './tokens.ts'

/** Where something of the client's stands as a name or a number in code. */
export interface Place {
  readonly from: number
  readonly to: number
}

/** Behind these words the app lets a client choose columns, and no value stands. */
const NAMES = /^(?:select|distinct|by|from|join|into|update|table|as|on|using|returning)$/

/**
 * Whether a name stands where this app has had values until now: `WHERE id = id` after `WHERE id = 7`. A name alone is nothing that
 * could be stopped without knowing the app's statements; many an app lets its users choose what to sort by.
 */
export function standsForValue(sql: string, places: readonly Place[], grammar: Grammar, memory: SqlMemory): boolean {
  lex(sql, grammar, tokens)
  if (memory.knows(skeletonOf(sql, tokens))) return false
  return places.some((place) => isValuePlace(sql, place) && memory.knows(skeletonOf(sql, tokens, place)))
}

/** Whether several clients have shown a statement of this shape in which nothing of theirs was code. */
export function isKnown(sql: string, grammar: Grammar, memory: SqlMemory): boolean {
  lex(sql, grammar, tokens)
  return memory.knows(skeletonOf(sql, tokens))
}

/** Remembers the skeleton of a statement in which nothing of the client's is code. */
export function learn(sql: string, client: string, grammar: Grammar, memory: SqlMemory): void {
  lex(sql, grammar, tokens)
  if (tokens.closed) memory.learn(skeletonOf(sql, tokens), client)
}

function isValuePlace(sql: string, { from }: Place): boolean {
  const before = tokens.before(tokens.at(from))
  if (before < 0) return false
  const text = sql.slice(tokens.start[before], tokens.end[before])
  if (tokens.kind[before] === WORD) return !NAMES.test(text.toLowerCase())
  return tokens.kind[before] === OPERATOR && text !== '.' && text !== ')'
}
