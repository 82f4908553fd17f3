import fc from 'fast-check'
import type { Dialect } from './dialect.ts'

/** One way in which an app may write a text into a statement. The statement has one row: `a`, the text, `z`. */
export interface Position {
  readonly name: string
  readonly dialects: readonly Dialect[]
  readonly quote: '"' | "'" | '' | '$'
  /** Whether the server takes a backslash for an escape here. */
  readonly backslash: boolean
  write(text: string): string
}

const ALL: readonly Dialect[] = ['sqlite', 'postgres', 'mysql']

export const POSITIONS: readonly Position[] = [
  {
    name: 'single quotes',
    dialects: ['sqlite', 'postgres'],
    quote: "'",
    backslash: false,
    write: (text) => `SELECT 'a' AS first, '${text}' AS value, 'z' AS last`,
  },
  {
    name: 'single quotes with backslashes',
    dialects: ['mysql'],
    quote: "'",
    backslash: true,
    write: (text) => `SELECT 'a' AS first, '${text}' AS value, 'z' AS last`,
  },
  {
    name: 'double quotes',
    dialects: ['mysql'],
    quote: '"',
    backslash: true,
    write: (text) => `SELECT 'a' AS first, "${text}" AS value, 'z' AS last`,
  },
  {
    name: 'an escape string',
    dialects: ['postgres'],
    quote: "'",
    backslash: true,
    write: (text) => `SELECT 'a' AS first, E'${text}' AS value, 'z' AS last`,
  },
  {
    name: 'dollar quotes',
    dialects: ['postgres'],
    quote: '$',
    backslash: false,
    write: (text) => `SELECT 'a' AS first, $t$${text}$t$ AS value, 'z' AS last`,
  },
  {
    name: 'no quotes',
    dialects: ALL,
    quote: '',
    backslash: false,
    write: (text) => `SELECT 'a' AS first, ${text} AS value, 'z' AS last`,
  },
]

const fragments = [
  ...[
    "'",
    '"',
    '`',
    '\\',
    "''",
    "\\'",
    '""',
    '$t$',
    '$$',
    '--',
    '-- ',
    '/*',
    '*/',
    '#',
    ';',
    ',',
    '(',
    ')',
    '+',
    '-',
    '=',
    '||',
    '|',
    '*',
    '/',
  ],
  ...[
    ' ',
    '\n',
    '\t',
    '1',
    '0',
    '7',
    '1=1',
    ' or ',
    ' and ',
    'x',
    'null',
    ' union select ',
    'select ',
    'from ',
    'first',
    'value',
    'last',
  ],
  ...['E', 'N', 'X', '%', '_', '.', '[', ']', '{', '}', '@', ':', '?', '~', '!', 'ä', '’', '1e3', '0x1f', 'true'],
]

/** Texts that are made of what SQL is made of; many of them close the quotes of the position and open them again. */
export function hostileTo({ quote }: Position): fc.Arbitrary<string> {
  const mark = quote === '$' ? '$t$' : quote
  const pieces = fc.array(fc.constantFrom(...fragments), { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''))
  const short = fc.array(fc.constantFrom(...fragments), { maxLength: 2 }).map((parts) => parts.join(''))
  const glue = fc.constantFrom(
    '||',
    ' or ',
    ' and ',
    '=',
    '-',
    ' ',
    '\n',
    '<',
    '+',
    ' like ',
    ' is ',
    '/**/',
    ' -- \n',
    ' as x, ',
  )
  const joined = fc.tuple(short, glue, short).map(([before, between, after]) => before + mark + between + mark + after)
  const ended = fc
    .tuple(short, fc.constantFrom('-- ', '--', '#', '/*', ';', ' union select 1,2,3-- '))
    .map(([before, end]) => `${before}${mark}${end}`)
  const any = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !text.includes('\0'))
  return fc.oneof(
    { weight: 5, arbitrary: pieces },
    { weight: 3, arbitrary: joined },
    { weight: 2, arbitrary: ended },
    { weight: 1, arbitrary: any },
  )
}

/** The text as an app writes it that knows what it does; `undefined` where that cannot be done. */
export function escapedOf(text: string, { quote, backslash }: Position): string | undefined {
  if (quote === '') return undefined
  if (quote === '$') return text.includes('$') ? undefined : text
  const safe = backslash ? text.replaceAll('\\', '\\\\') : text
  return safe.replaceAll(quote, quote + quote)
}

/** The value that a text gives when all of it stays inside of the quotes; `undefined` when it does not. */
export function insideOf(text: string, { quote, backslash }: Position): string | undefined {
  if (quote === '') return undefined
  if (quote === '$') return text.includes('$t$') || text.endsWith('$t') ? undefined : text
  let value = ''
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string
    if (character === quote) {
      if (text[++i] !== quote) return undefined
      value += quote
    } else if (character === '\\' && backslash) {
      if (++i === text.length) return undefined
      // What the letter behind it stands for is the server's business; the text stays inside either way.
      value = `${value}\uffff`
    } else value += character
  }
  return value
}

/** What an app may well let its users write where there are no quotes: a number, numbers, a name, names to sort by. */
export function isChoice(text: string): boolean {
  const trimmed = text.trim()
  // One sign alone runs nothing: an unbound placeholder, a star.
  if (trimmed.length < 2) return true
  if (/^[\w\u0080-\uffff.]*$/.test(trimmed)) return true
  if (trimmed.split(',').every((item) => /^\s*[-+]?\s*(?:0x[\da-f]+|[\d.]+(?:e[-+]?\d+)?)\s*$/i.test(item))) return true
  return /^[\w.]+(?:\s+(?:asc|desc))?(?:\s*,\s*[\w.]+(?:\s+(?:asc|desc))?)*$/i.test(trimmed)
}
