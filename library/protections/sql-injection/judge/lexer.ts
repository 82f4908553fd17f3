import type { Grammar } from './dialect.ts'
import { COMMENT, NUMBER, OPERATOR, PLACEHOLDER, QUOTED, SPACE, STRING, type Tokens, WORD } from './tokens.ts'

const BLANK = 1
const DIGIT = 2
const LETTER = 4
/** May stand inside of a word. */
const INNER = 8

const QUOTE = 0x27
const DOUBLE_QUOTE = 0x22
const BACKTICK = 0x60
const BACKSLASH = 0x5c
const DASH = 0x2d
const SLASH = 0x2f
const STAR = 0x2a
const HASH = 0x23
const DOLLAR = 0x24
const LINE_FEED = 0x0a
const RETURN = 0x0d

const CLASSES: Uint8Array = classes()

/**
 * Cuts SQL into tokens the way the server will. Never throws: text that has no end where it should is marked as not closed.
 *
 * One pass over the character codes without a regular expression, so that no input makes it slow.
 */
export function lex(sql: string, grammar: Grammar, tokens: Tokens): void {
  if (tokens.of === sql && tokens.by === grammar) return
  tokens.clear()
  const length = sql.length
  let depth = 0
  let versionComments = 0
  let i = 0
  while (i < length) {
    const start = i
    const code = sql.charCodeAt(i)
    const next = i + 1 < length ? sql.charCodeAt(i + 1) : -1
    const kind = classOf(code)

    if (kind & BLANK) {
      do i++
      while (i < length && classOf(sql.charCodeAt(i)) & BLANK)
      tokens.add(SPACE, start, i, 0, 0)
      continue
    }

    if (kind & LETTER) {
      const prefix = code | 0x20
      if (next === QUOTE && isStringPrefix(prefix, grammar)) {
        const escapes = prefix === 0x65 ? true : grammar.backslash
        i = endOfQuoted(sql, i + 2, QUOTE, escapes, tokens)
        tokens.add(STRING, start, i, 2, tokens.closed ? 1 : 0)
        continue
      }
      // U&'...' and U&"..." of PostgreSQL.
      if (grammar.dollarQuotes && prefix === 0x75 && next === 0x26) {
        const quote = sql.charCodeAt(i + 2)
        if (quote === QUOTE || quote === DOUBLE_QUOTE) {
          i = endOfQuoted(sql, i + 3, quote, false, tokens)
          tokens.add(quote === QUOTE ? STRING : QUOTED, start, i, 3, tokens.closed ? 1 : 0)
          continue
        }
      }
      do i++
      while (i < length && classOf(sql.charCodeAt(i)) & INNER)
      tokens.add(WORD, start, i, 0, 0)
      continue
    }

    if (kind & DIGIT || (code === 0x2e && next >= 0 && classOf(next) & DIGIT)) {
      i = endOfNumber(sql, i)
      tokens.add(NUMBER, start, i, 0, 0)
      continue
    }

    switch (code) {
      case QUOTE:
        i = endOfQuoted(sql, i + 1, QUOTE, grammar.backslash, tokens)
        tokens.add(STRING, start, i, 1, tokens.closed ? 1 : 0)
        continue
      case DOUBLE_QUOTE:
        i = endOfQuoted(sql, i + 1, DOUBLE_QUOTE, grammar.backslash && !grammar.quotesIdentifiers, tokens)
        tokens.add(grammar.quotesIdentifiers ? QUOTED : STRING, start, i, 1, tokens.closed ? 1 : 0)
        continue
      case BACKTICK:
        if (!grammar.backticks) break
        i = endOfQuoted(sql, i + 1, BACKTICK, false, tokens)
        tokens.add(QUOTED, start, i, 1, tokens.closed ? 1 : 0)
        continue
      case 0x5b: // [
        if (grammar.brackets === 'no') break
        i = endOfBracket(sql, i + 1, grammar.brackets === 'doubled', tokens)
        tokens.add(QUOTED, start, i, 1, tokens.closed ? 1 : 0)
        continue
      case DASH:
        if (next !== DASH || (grammar.dashNeedsBlank && !isBlankOrEnd(sql, i + 2))) break
        i = endOfLine(sql, i + 2, grammar)
        tokens.add(COMMENT, start, i, 2, 0)
        continue
      case HASH:
        if (!grammar.hashComments) break
        i = endOfLine(sql, i + 1, grammar)
        tokens.add(COMMENT, start, i, 1, 0)
        continue
      case SLASH: {
        if (next !== STAR) break
        const width = grammar.versionComments ? versionComment(sql, i) : 0
        if (width > 0) {
          versionComments++
          i += width
          tokens.add(OPERATOR, start, i, 0, 0)
          continue
        }
        i = endOfComment(sql, i + 2, grammar, tokens)
        tokens.add(COMMENT, start, i, 2, i >= 2 && sql.charCodeAt(i - 1) === SLASH && i - start >= 4 ? 2 : 0)
        continue
      }
      case STAR:
        if (versionComments === 0 || next !== SLASH) break
        versionComments--
        i += 2
        tokens.add(OPERATOR, start, i, 0, 0)
        continue
      case DOLLAR: {
        const width = grammar.dollarQuotes ? dollarTag(sql, i) : 0
        if (width === 0) break
        const close = sql.indexOf(sql.slice(i, i + width), i + width)
        if (close === -1) tokens.closed = false
        i = close === -1 ? length : close + width
        tokens.add(STRING, start, i, width, close === -1 ? 0 : width)
        continue
      }
      case 0x28: // (
        depth++
        break
      case 0x29: // )
        if (--depth < 0) tokens.balanced = false
        break
    }

    if (isPlaceholder(sql, i, code, next, grammar)) {
      do i++
      while (i < length && classOf(sql.charCodeAt(i)) & INNER)
      tokens.add(PLACEHOLDER, start, i, 0, 0)
      continue
    }
    i++
    tokens.add(OPERATOR, start, i, 0, 0)
  }
  if (depth !== 0) tokens.balanced = false
  if (versionComments > 0) tokens.closed = false
  tokens.of = sql
  tokens.by = grammar
}

function classes(): Uint8Array {
  const table = new Uint8Array(128)
  for (const blank of ' \t\n\r\f\v\0') table[blank.charCodeAt(0)] = BLANK
  for (let c = 0x30; c <= 0x39; c++) table[c] = DIGIT | INNER
  for (let c = 0x41; c <= 0x5a; c++) table[c] = table[c | 0x20] = LETTER | INNER
  table[0x5f] = LETTER | INNER
  table[DOLLAR] = INNER
  return table
}

function classOf(code: number): number {
  if (code < 128) return CLASSES[code] as number
  // Behind the end of the text there is no character, and its code is NaN.
  return code >= 128 ? LETTER | INNER : 0
}

/** `N'...'`, `X'...'`, `B'...'` everywhere, `E'...'` in PostgreSQL: the letter belongs to the string. */
function isStringPrefix(letter: number, grammar: Grammar): boolean {
  if (letter === 0x6e || letter === 0x78 || letter === 0x62) return true
  return letter === 0x65 && grammar.dollarQuotes
}

function endOfQuoted(sql: string, from: number, quote: number, escapes: boolean, tokens: Tokens): number {
  const length = sql.length
  let i = from
  while (i < length) {
    const code = sql.charCodeAt(i)
    if (code === quote) {
      if (sql.charCodeAt(i + 1) !== quote) return i + 1
      i += 2
    } else if (escapes && code === BACKSLASH) i += 2
    else i++
  }
  tokens.closed = false
  return length
}

function endOfBracket(sql: string, from: number, doubled: boolean, tokens: Tokens): number {
  let i = sql.indexOf(']', from)
  while (doubled && i !== -1 && sql.charCodeAt(i + 1) === 0x5d) i = sql.indexOf(']', i + 2)
  if (i !== -1) return i + 1
  tokens.closed = false
  return sql.length
}

function endOfLine(sql: string, from: number, grammar: Grammar): number {
  let i = from
  for (; i < sql.length; i++) {
    const code = sql.charCodeAt(i)
    // PostgreSQL ends a comment at a carriage return as well.
    if (code === LINE_FEED || (code === RETURN && grammar.dollarQuotes)) break
  }
  return i
}

function endOfComment(sql: string, from: number, grammar: Grammar, tokens: Tokens): number {
  let depth = 1
  let i = from
  while (i < sql.length) {
    const code = sql.charCodeAt(i)
    if (code === STAR && sql.charCodeAt(i + 1) === SLASH) {
      i += 2
      if (--depth === 0) return i
    } else if (grammar.nestedComments && code === SLASH && sql.charCodeAt(i + 1) === STAR) {
      depth++
      i += 2
    } else i++
  }
  // SQLite runs it, but nobody writes it.
  tokens.closed = false
  return sql.length
}

/** How wide the opening of a comment is whose content MySQL (`/*!`) or MariaDB (`/*M!`) runs; 0 for any other. */
function versionComment(sql: string, at: number): number {
  let i = at + 2
  if (sql.charCodeAt(i) === 0x4d) i++
  if (sql.charCodeAt(i) !== 0x21) return 0
  i++
  while (i < sql.length && i < at + 10 && classOf(sql.charCodeAt(i)) & DIGIT) i++
  return i - at
}

function isBlankOrEnd(sql: string, at: number): boolean {
  return at >= sql.length || sql.charCodeAt(at) <= 0x20
}

/** How wide the `$tag$` is that begins here; 0 when none does. */
function dollarTag(sql: string, at: number): number {
  let i = at + 1
  if (classOf(sql.charCodeAt(i)) & DIGIT) return 0
  while (i < sql.length && sql.charCodeAt(i) !== DOLLAR && classOf(sql.charCodeAt(i)) & INNER) i++
  return sql.charCodeAt(i) === DOLLAR && i - at < 255 ? i - at + 1 : 0
}

function endOfNumber(sql: string, from: number): number {
  const length = sql.length
  let i = from
  const second = sql.charCodeAt(i + 1) | 0x20
  if (sql.charCodeAt(i) === 0x30 && (second === 0x78 || second === 0x62 || second === 0x6f)) {
    const digits = i + 2
    i = digits
    while (i < length && isHexDigit(sql.charCodeAt(i))) i++
    if (i > digits) return i
    i = from
  }
  i = endOfDigits(sql, i)
  if (sql.charCodeAt(i) === 0x2e) i = endOfDigits(sql, i + 1)
  if ((sql.charCodeAt(i) | 0x20) === 0x65) {
    let exponent = i + 1
    const sign = sql.charCodeAt(exponent)
    if (sign === 0x2b || sign === DASH) exponent++
    if (classOf(sql.charCodeAt(exponent)) & DIGIT) i = endOfDigits(sql, exponent)
  }
  return i
}

function endOfDigits(sql: string, from: number): number {
  let i = from
  while (i < sql.length) {
    const code = sql.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) i++
    else if (code === 0x5f && isDigit(sql.charCodeAt(i + 1))) i++
    else break
  }
  return i
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66)
}

function isPlaceholder(sql: string, at: number, code: number, next: number, grammar: Grammar): boolean {
  if (code !== 0x3f && code !== 0x3a && code !== 0x40 && code !== DOLLAR) return false
  if (!grammar.placeholders.includes(String.fromCharCode(code))) return false
  if (code === 0x3f) return true
  if (next < 0 || !(classOf(next) & INNER)) return false
  // `::type`, `@@variable` and `:=` are none.
  const before = at > 0 ? sql.charCodeAt(at - 1) : -1
  return before !== code
}
