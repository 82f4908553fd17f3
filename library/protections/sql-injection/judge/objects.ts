import type { Grammar } from './dialect.ts'
import { lex } from './lexer.ts'
import { OPERATOR, PLACEHOLDER, statement as tokens, WORD } from './tokens.ts'

/**
 * Whether a driver that writes values into the text would write a plain object where one value is compared.
 *
 * `WHERE password = ?` with `{ password: 1 }`, which a JSON body can hold, becomes ``password = `password` = 1`` and is true for
 * everybody. `SET ?` with an object is what the driver means it for, and passes.
 */
export function hasObjectForValue(sql: string, values: unknown, grammar: Grammar): boolean {
  const list = Array.isArray(values) ? values : [values]
  if (!list.some(isPlainObject)) return false
  lex(sql, grammar, tokens)
  let nth = 0
  for (let i = 0; i < tokens.count; i++) {
    if (tokens.kind[i] !== PLACEHOLDER || sql.charCodeAt(tokens.start[i] as number) !== 0x3f) continue
    const value: unknown = list[nth++]
    if (isPlainObject(value) && isCompared(sql, tokens.before(i))) return true
  }
  return false
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  // What brings its own text along (`raw()`) was made by the app, and no body can hold a function.
  if (typeof (value as { toSqlString?: unknown }).toSqlString === 'function') return false
  if (Array.isArray(value)) return value.some(isPlainObject)
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function isCompared(sql: string, before: number): boolean {
  if (before < 0) return false
  const text = sql.slice(tokens.start[before], tokens.end[before]).toLowerCase()
  if (tokens.kind[before] === OPERATOR) return text !== ',' && text !== '('
  return tokens.kind[before] === WORD && /^(?:like|rlike|regexp|in|is|between|and|not)$/.test(text)
}
