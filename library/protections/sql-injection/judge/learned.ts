import type { Grammar } from './dialect.ts'
import { type Form, MOST_CHOSEN, placeIn, skeletonIn } from './known-forms.ts'
import { lex } from './lexer.ts'
import type { SqlMemory } from './memory.ts'
import { skeletonOf } from './skeleton.ts'
import { OPERATOR, QUOTED, statement as tokens, WORD } from './tokens.ts'

/** Where something of the client's stands as a name or a number in code. */
export interface Place {
  readonly from: number
  readonly to: number
}

/** No value at all, which drivers write where an app has none. Nothing is equal to it. */
const NULL = /^null$/i
/** Behind these words the app lets a client choose columns, and no value stands. */
const NAMES = /^(?:select|distinct|by|from|join|into|update|table|as|on|using|returning)$/

/**
 * Whether a name stands where this app has had values until now: `WHERE id = id` after `WHERE id = 7`. A name alone is nothing that
 * could be stopped without knowing the app's statements; many an app lets its users choose what to sort by.
 */
export function standsForValue(sql: string, places: readonly Place[], grammar: Grammar, memory: SqlMemory): boolean {
  lex(sql, grammar, tokens)
  const form = memory.forms.of(sql, tokens)
  if (memory.knows(skeletonIn(form, sql, tokens))) return false
  return places.some((place) => {
    const skeleton = withValueAt(sql, place, form)
    return skeleton !== undefined && memory.knows(skeleton)
  })
}

/** The skeleton of the statement with a value in the place of a name; `undefined` where no value belongs, or where there is no name. */
function withValueAt(sql: string, place: Place, form: Form): string | undefined {
  const key = placeIn(tokens, place.from, place.to)
  const known = form.chosen.get(key)
  if (known !== undefined || form.chosen.has(key)) return known
  const skeleton = isValuePlace(sql, place) && holdsName(sql, place) ? skeletonOf(sql, tokens, place) : undefined
  if (form.chosen.size < MOST_CHOSEN) form.chosen.set(key, skeleton)
  return skeleton
}

/** Whether several clients have shown a statement of this skeleton in which nothing of theirs was code. */
export function isKnown(sql: string, grammar: Grammar, memory: SqlMemory): boolean {
  lex(sql, grammar, tokens)
  return memory.knows(skeletonIn(memory.forms.of(sql, tokens), sql, tokens)) || isKnownShape(sql, memory)
}

/**
 * Whether several clients have shown the same code, token by token, in which nothing of theirs was more than a name or a number: then what
 * a client sent is in it by chance, such as `count(*)`.
 */
export function isOwnCode(sql: string, grammar: Grammar, memory: SqlMemory): boolean {
  lex(sql, grammar, tokens)
  return isKnownShape(sql, memory)
}

function isKnownShape(sql: string, memory: SqlMemory): boolean {
  return tokens.closed && memory.knowsShape(memory.forms.of(sql, tokens).shape)
}

/**
 * Remembers a statement in which nothing of the client's is code, or, when it was touched, nothing but names and numbers: those would say
 * nothing about where the app has values.
 */
export function learn(sql: string, client: string, grammar: Grammar, memory: SqlMemory, isTouched: boolean): void {
  lex(sql, grammar, tokens)
  if (!tokens.closed) return
  const form = memory.forms.of(sql, tokens)
  memory.learnShape(form.shape, client)
  if (!isTouched) memory.learn(skeletonIn(form, sql, tokens), client)
}

/** Whether there is more than a number, with or without a sign. */
function holdsName(sql: string, { from, to }: Place): boolean {
  for (let i = tokens.at(from); i < tokens.count && (tokens.start[i] as number) < to; i++) {
    if (tokens.kind[i] === QUOTED) return true
    if (tokens.kind[i] === WORD && !NULL.test(sql.slice(tokens.start[i], tokens.end[i]))) return true
  }
  return false
}

function isValuePlace(sql: string, { from }: Place): boolean {
  const before = tokens.before(tokens.at(from))
  if (before < 0) return false
  const text = sql.slice(tokens.start[before], tokens.end[before])
  if (tokens.kind[before] === WORD) return !NAMES.test(text.toLowerCase())
  return tokens.kind[before] === OPERATOR && text !== '.' && text !== ')'
}
