import { BulwarkError } from '../../../core/errors.ts'
import { checkCount, type TextSchema, textSchema } from './schema.ts'

/** How long a text may be, in characters (code points): an emoji or a letter outside of the first 65,536 counts once. */
export interface Lengths {
  /** @default 1 */
  readonly least?: number
  readonly most?: number
}

/** Whatever reorders or embeds: what people read is then not what programs do (CWE-1007). */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/
const LINE_BREAK = /[\n\r\u2028\u2029]/
/** Letters of any script with their marks; what joins them in writing and in names. */
const OF_NAMES = /^[\p{L}\p{M}\p{Nd}'’ʼ‘`´.,\-‐‑·() \u00a0\u200c\u200d]+$/u
const LETTER = /\p{L}/u

/** Any text on one line. */
export function line(lengths: Lengths = {}): TextSchema {
  return sized('line', lengths, 200, 'a line of text', (text) =>
    isOneLine(text) ? undefined : 'must be one line of plain text',
  )
}

/** Any text, line breaks and tabs included. */
export function lines(lengths: Lengths = {}): TextSchema {
  return sized('lines', lengths, 10_000, 'a text', (text) => (REORDERING.test(text) ? 'must be plain text' : undefined))
}

/** The name of a person in any script: at least one letter, and no blank at either end. Nothing is said about how many words it has. */
export function name(lengths: Lengths = {}): TextSchema {
  return sized('name', lengths, 100, 'a name', (text) =>
    OF_NAMES.test(text) && LETTER.test(text) && text.trim() === text
      ? undefined
      : 'must be a name: letters, with blanks, hyphens and apostrophes between them',
  )
}

function sized(
  kind: string,
  { least = 1, most }: Lengths,
  standard: number,
  what: string,
  check: (text: string) => string | undefined,
): TextSchema {
  const from = checkCount(least, 0, `text.${kind}({ least })`)
  const to = checkCount(most ?? standard, 1, `text.${kind}({ most })`)
  if (from > to) {
    throw new BulwarkError('BULWARK_SCHEMA_INVALID', 'no text has at least more characters than at most', {
      at: `text.${kind}({ least, most })`,
      fix: 'let least be the smaller one',
    })
  }
  const range = from === 0 ? `up to ${to}` : from === to ? `exactly ${to}` : `${from} to ${to}`
  const message = `must be ${what} of ${range} ${to === 1 ? 'character' : 'characters'}`
  return textSchema(message, to * 2, (text) => {
    const length = codePoints(text)
    if (length < from || length > to) return message
    return text === '' ? undefined : check(text)
  })
}

function isOneLine(text: string): boolean {
  return !LINE_BREAK.test(text) && !REORDERING.test(text)
}

function codePoints(text: string): number {
  let count = text.length
  // Halves stand in pairs here: broken ones were refused before.
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--
  return count
}
