import { COMMENT, NUMBER, PLACEHOLDER, SPACE, STRING, type Tokens, WORD } from './tokens.ts'

/**
 * What is left of a statement without its values: two queries of one line of code have the same skeleton, whatever their values.
 * Lists of values count as one value, however long.
 *
 * With `asValue`, the tokens that touch these characters count as one value.
 */
export function skeletonOf(
  sql: string,
  tokens: Tokens,
  asValue?: { readonly from: number; readonly to: number },
): string {
  let out = tokens.closed ? '' : '!'
  let value = false
  let comma = false
  for (let i = 0; i < tokens.count; i++) {
    const kind = tokens.kind[i]
    if (kind === SPACE) continue
    const start = tokens.start[i] as number
    const end = tokens.end[i] as number
    const chosen = asValue !== undefined && start < asValue.to && end > asValue.from
    if (chosen || kind === STRING || kind === NUMBER || kind === PLACEHOLDER) {
      // `1, 2, 3` and `1` are one skeleton.
      if (!value || !(comma || chosen)) out += comma ? ' , ~' : ' ~'
      value = true
      comma = false
      continue
    }
    if (kind === COMMENT) {
      if (comma) out += ' ,'
      out += ' #'
      value = comma = false
      continue
    }
    const isComma = end - start === 1 && sql.charCodeAt(start) === 0x2c
    if (isComma && value && !comma) {
      comma = true
      continue
    }
    if (comma) out += ' ,'
    comma = false
    value = false
    out += ` ${kind === WORD ? sql.slice(start, end).toLowerCase() : sql.slice(start, end)}`
  }
  return comma ? `${out} ,` : out
}

/**
 * What is left of a statement when only the content of its values is taken out: how many there are, of which kind, and what comments say
 * stays. Statements of one shape have the same code, token by token.
 */
export function shapeOf(sql: string, tokens: Tokens): string {
  let out = ''
  for (let i = 0; i < tokens.count; i++) {
    const kind = tokens.kind[i]
    if (kind === SPACE) continue
    const text = sql.slice(tokens.start[i], tokens.end[i])
    out += kind === STRING ? " '" : kind === NUMBER ? ' 0' : kind === WORD ? ` ${text.toLowerCase()}` : ` ${text}`
  }
  return out
}
