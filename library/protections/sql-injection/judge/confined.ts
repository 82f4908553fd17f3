import { COMMENT, NUMBER, OPERATOR, QUOTED, SPACE, STRING, type Tokens, WORD } from './tokens.ts'
import { isAfterValue, isBare, isBeforeColumns, isBeforeValue, isOperator } from './words.ts'

/**
 * Where a piece of text lies among the tokens.
 *
 * - `inside`: inside of one string, quoted identifier or comment, or inside of one word or number
 * - `value`: exactly what an app may well let a client choose: a number, a name, a list of numbers, a column to sort by
 * - `crosses`: it is code, or a part of code
 */
export type Position = 'inside' | 'value' | 'crosses'

/** Where the characters from `from` up to `to` lie. */
export function positionOf(sql: string, tokens: Tokens, from: number, to: number): Position {
  const first = tokens.at(from)
  const last = tokens.at(to - 1)
  if (first !== last) return isChoice(sql, tokens, first, last, from, to) ? 'value' : 'crosses'
  switch (tokens.kind[first]) {
    case STRING:
    case QUOTED:
    case COMMENT: {
      const begin = (tokens.start[first] as number) + (tokens.open[first] as number)
      const end = (tokens.end[first] as number) - (tokens.close[first] as number)
      if (from >= begin && to <= end) return 'inside'
      return from === begin - 1 && to === end + 1 && isQuotedName(sql, tokens, first) ? 'value' : 'crosses'
    }
    case NUMBER:
    case WORD:
      return 'inside'
    case SPACE:
      return 'value'
    default:
      return 'crosses'
  }
}

/** Whether these characters begin where an app writes a value, and go on behind it. What was stored comes back nowhere else. */
export function leavesValue(sql: string, tokens: Tokens, from: number, to: number): boolean {
  const first = tokens.at(from)
  const kind = tokens.kind[first]
  const isValue = kind === STRING || kind === QUOTED || kind === COMMENT
  if (isValue && to <= (tokens.end[first] as number)) return !tokens.closed
  if (isValue && from > (tokens.start[first] as number)) return true
  const before = tokens.before(first)
  if (before < 0) return false
  const text = sql.slice(tokens.start[before], tokens.end[before])
  return tokens.kind[before] === WORD
    ? isBeforeValue(text.toLowerCase())
    : tokens.kind[before] === OPERATOR && text !== ')'
}

/** Several tokens that together are still only a value, or the name of a column and how to sort by it. */
function isChoice(sql: string, tokens: Tokens, first: number, last: number, from: number, to: number): boolean {
  const code: number[] = []
  for (let i = first; i <= last; i++) {
    if (tokens.kind[i] === COMMENT) return false
    if (tokens.isCode(i)) code.push(i)
    // No choice of an app is longer.
    if (code.length > 32) return false
  }
  if (code.length === 0) return true
  const edge = code[0] as number
  // A piece of a string or of a comment is no token of its own.
  if (from > (tokens.start[edge] as number) && tokens.kind[edge] !== WORD && tokens.kind[edge] !== NUMBER) return false
  if (to < (tokens.end[code.at(-1) as number] as number) && !isNameOrNumber(tokens, code.at(-1) as number)) return false
  const text = (i: number): string => sql.slice(tokens.start[i], tokens.end[i]).toLowerCase()
  if (code.length === 1) return isNameOrNumber(tokens, edge)
  if (isNumbers(tokens, code, text)) return true
  if (code.every((i) => tokens.kind[i] === WORD && isBare(text(i)))) return true
  return isAliased(tokens, code, text) || isColumns(sql, tokens, code, text, first)
}

function isNameOrNumber(tokens: Tokens, i: number): boolean {
  return tokens.kind[i] === WORD || tokens.kind[i] === NUMBER
}

/** `"name"` is the same as `name`: text in quotes that looks like anything else is no choice of an app. */
function isQuotedName(sql: string, tokens: Tokens, i: number): boolean {
  if (tokens.kind[i] !== QUOTED || tokens.open[i] !== 1 || tokens.close[i] !== 1) return false
  for (let at = (tokens.start[i] as number) + 1; at < (tokens.end[i] as number) - 1; at++) {
    if (!isWordCharacter(sql.charCodeAt(at))) return false
  }
  return (tokens.end[i] as number) - (tokens.start[i] as number) > 2
}

function isWordCharacter(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a) || code === 0x5f
}

/** `-1`, `1,2,3`, `1, -2`. */
function isNumbers(tokens: Tokens, code: readonly number[], text: (i: number) => string): boolean {
  let wanted = true
  let signed = false
  for (const i of code) {
    const kind = tokens.kind[i]
    if (wanted && kind === NUMBER) {
      wanted = false
      signed = false
    } else if (wanted && !signed && kind === OPERATOR && (text(i) === '-' || text(i) === '+')) signed = true
    else if (!wanted && kind === OPERATOR && text(i) === ',') wanted = true
    else return false
  }
  return !wanted
}

/** `users u`: two names in a row mean something only where the developer put a table. */
function isAliased(tokens: Tokens, code: readonly number[], text: (i: number) => string): boolean {
  return code.length === 2 && code.every((i) => tokens.kind[i] === WORD && !isOperator(text(i)))
}

/** `a.b`, `name desc`, and lists of them where columns are chosen. */
function isColumns(
  sql: string,
  tokens: Tokens,
  code: readonly number[],
  text: (i: number) => string,
  first: number,
): boolean {
  let state: 'name' | 'named' | 'sorted' = 'name'
  let several = false
  for (const i of code) {
    const kind = tokens.kind[i]
    if (state === 'name' && (kind === WORD || isQuotedName(sql, tokens, i))) state = 'named'
    else if (state === 'named' && kind === OPERATOR && text(i) === '.') state = 'name'
    else if (state !== 'name' && kind === OPERATOR && text(i) === ',') {
      several = true
      state = 'name'
    } else if (state === 'named' && kind === WORD && (text(i) === 'asc' || text(i) === 'desc')) state = 'sorted'
    else return false
  }
  if (state === 'name') return false
  if (!several) return true
  return isInColumns(tokens, first, text)
}

/** Whether names that begin here are columns: where a list of them begins, or goes on that the app itself has begun. */
function isInColumns(tokens: Tokens, first: number, text: (i: number) => string): boolean {
  let i = tokens.before(first)
  if (i >= 0 && tokens.kind[i] === OPERATOR && text(i) !== ',') return false
  let depth = 0
  for (let most = 64; i >= 0 && most > 0; i = tokens.before(i), most--) {
    const kind = tokens.kind[i]
    if (kind === OPERATOR && text(i) === ')') depth++
    else if (kind === OPERATOR && text(i) === '(') {
      if (--depth < 0) return false
    } else if (depth > 0) continue
    else if (kind === WORD && isBeforeColumns(text(i))) return true
    else if (kind === WORD ? isOperator(text(i)) : kind === OPERATOR && !',.*'.includes(text(i))) return false
    // Behind the name itself something else belongs than more names.
    else if (kind !== OPERATOR && i === tokens.before(first)) return false
  }
  return false
}

/**
 * Whether a word in this place could be what the developer left open: behind an operator or a reserved word, and in front of one.
 * A match in any other place is most likely a coincidence with the developer's own text.
 */
export function isOpenPlace(sql: string, tokens: Tokens, at: number, size: number): boolean {
  const token = tokens.at(at)
  if (tokens.kind[token] !== WORD) return true
  // A part of one of the developer's own words.
  if (tokens.start[token] !== at || tokens.end[token] !== at + size) return false
  const text = (i: number): string => sql.slice(tokens.start[i], tokens.end[i]).toLowerCase()
  const before = tokens.before(token)
  if (before < 0) return false
  const kindBefore = tokens.kind[before]
  if (
    kindBefore === WORD
      ? !isBeforeValue(text(before))
      : kindBefore !== OPERATOR || text(before) === ')' || isStar(text, tokens, before)
  )
    return false
  const after = tokens.after(token)
  if (after < 0) return true
  const kindAfter = tokens.kind[after]
  return kindAfter === WORD ? isAfterValue(text(after)) : kindAfter === OPERATOR && text(after) !== '('
}

/** `*` for every column, and not for a product. */
function isStar(text: (i: number) => string, tokens: Tokens, i: number): boolean {
  if (text(i) !== '*') return false
  const before = tokens.before(i)
  return before < 0 || tokens.kind[before] === OPERATOR || (tokens.kind[before] === WORD && isBeforeValue(text(before)))
}
