import fc from 'fast-check'
import type { Dialect } from './dialect.ts'

/** One way in which an app may write a text into a statement. The statement has one row: `a`, the text, `z`. */
export interface Position {
  readonly name: string
  readonly dialects: readonly Dialect[]
  readonly quote: '"' | "'" | '`' | ']' | '' | '$' | '*/' | 'nested' | 'line'
  /** Whether the server takes a backslash for an escape here. */
  readonly backslash: boolean
  write(text: string): string
  /** `false` where nothing can be escaped, whatever the quotes. */
  readonly isEscaped?: boolean
  /** What the row says of the text: its value, unless it is told otherwise here. */
  read?(row: Row): unknown
  /** What that is for a text that stays where it was written. */
  shown?(text: string): unknown
}

export interface Row {
  readonly [column: string]: unknown
}

const ALL: readonly Dialect[] = ['sqlite', 'postgres', 'mysql']
const ROW = `SELECT 'a' AS first, 'x' AS value, 'z' AS last`
const fixed = { shown: () => 'x' }
/** The name of the second column. */
const named = {
  read: (row: Row): unknown => Object.keys(row)[1]?.trim(),
  // MariaDB leaves out the blanks around a name.
  shown: (text: string): unknown => text.trim(),
}

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
  {
    name: 'a pattern',
    dialects: ['sqlite', 'postgres'],
    quote: "'",
    backslash: false,
    write: (text) => `SELECT 'a' AS first, '%${text}%' AS value, 'z' AS last`,
    shown: (text) => `%${text}%`,
  },
  {
    name: 'a list',
    dialects: ['mysql'],
    quote: "'",
    backslash: true,
    write: (text) => `${ROW} FROM DUAL WHERE 'none' NOT IN ('k', '${text}', 'l')`,
    ...fixed,
  },
  {
    name: 'a list without backslashes',
    dialects: ['sqlite', 'postgres'],
    quote: "'",
    backslash: false,
    write: (text) => `${ROW} WHERE 'none' NOT IN ('k', '${text}', 'l')`,
    ...fixed,
  },
  {
    name: 'letters of the nation',
    dialects: ['postgres'],
    quote: "'",
    backslash: false,
    write: (text) => `SELECT 'a' AS first, N'${text}' AS value, 'z' AS last`,
  },
  {
    name: 'letters of the nation with backslashes',
    dialects: ['mysql'],
    quote: "'",
    backslash: true,
    write: (text) => `SELECT 'a' AS first, N'${text}' AS value, 'z' AS last`,
  },
  {
    name: 'bytes',
    dialects: ALL,
    quote: "'",
    backslash: false,
    write: (text) => `SELECT 'a' AS first, X'${text}' AS value, 'z' AS last`,
    read: () => 'x',
    ...fixed,
    isEscaped: false,
  },
  {
    name: 'a name in double quotes',
    dialects: ['sqlite', 'postgres'],
    quote: '"',
    backslash: false,
    write: (text) => `SELECT 'a' AS first, 'x' AS "${text}", 'z' AS last`,
    ...named,
  },
  {
    name: 'a name in backticks',
    dialects: ['sqlite', 'mysql'],
    quote: '`',
    backslash: false,
    write: (text) => `SELECT 'a' AS first, 'x' AS \`${text}\`, 'z' AS last`,
    ...named,
  },
  {
    name: 'a name in brackets',
    dialects: ['sqlite'],
    quote: ']',
    backslash: false,
    write: (text) => `SELECT 'a' AS first, 'x' AS [${text}], 'z' AS last`,
    ...named,
  },
  {
    name: 'a comment',
    dialects: ['sqlite', 'mysql'],
    quote: '*/',
    backslash: false,
    write: (text) => `SELECT 'a' AS first, /* by ${text} */ 'x' AS value, 'z' AS last`,
    ...fixed,
  },
  {
    name: 'a comment that may hold others',
    dialects: ['postgres'],
    quote: 'nested',
    backslash: false,
    write: (text) => `SELECT 'a' AS first, /* by ${text} */ 'x' AS value, 'z' AS last`,
    ...fixed,
  },
  {
    name: 'a comment to the end of the line',
    dialects: ALL,
    quote: 'line',
    backslash: false,
    write: (text) => `${ROW} -- by ${text}`,
    ...fixed,
  },
  {
    name: 'how many rows',
    dialects: ALL,
    quote: '',
    backslash: false,
    write: (text) => `${ROW} LIMIT ${text}`,
    ...fixed,
  },
  {
    name: 'behind how many rows',
    dialects: ALL,
    quote: '',
    backslash: false,
    write: (text) => `${ROW} LIMIT 5 OFFSET ${text}`,
    ...fixed,
  },
  {
    name: 'what is sorted by',
    dialects: ALL,
    quote: '',
    backslash: false,
    write: (text) => `SELECT * FROM (${ROW}) AS t ORDER BY ${text}`,
    ...fixed,
  },
  {
    name: 'a number that is compared',
    dialects: ALL,
    quote: '',
    backslash: false,
    write: (text) => `SELECT * FROM (${ROW}) AS t WHERE 7 = ${text}`,
    ...fixed,
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

const MARKS: Readonly<Record<string, string>> = { $: '$t$', line: '\n', nested: '*/' }

/** Texts that are made of what SQL is made of; many of them close the quotes of the position and open them again. */
export function hostileTo({ quote }: Position): fc.Arbitrary<string> {
  const mark = MARKS[quote] ?? quote
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
  switch (quote) {
    case '':
    case ']':
    case '*/':
    case 'nested':
    case 'line':
      return undefined
    case '$':
      return text.includes('$') ? undefined : text
    default: {
      const safe = backslash ? text.replaceAll('\\', '\\\\') : text
      return safe.replaceAll(quote, quote + quote)
    }
  }
}

/** Whether an app can escape what it writes there. */
export function canEscape({ quote, isEscaped }: Position): boolean {
  if (isEscaped === false) return false
  return quote === "'" || quote === '"' || quote === '`' || quote === '$'
}

/** The value that a text gives when all of it stays inside of the quotes; `undefined` when it does not. */
export function insideOf(text: string, { quote, backslash }: Position): string | undefined {
  switch (quote) {
    case '':
      return undefined
    case '$':
      return text.includes('$t$') || text.endsWith('$t') ? undefined : text
    case ']':
      return text.includes(']') ? undefined : text
    case '*/':
      return text.includes('*/') ? undefined : text
    case 'nested':
      return isNested(text) ? text : undefined
    case 'line':
      return /[\n\r]/.test(text) ? undefined : text
    default:
      return insideOfQuotes(text, quote, backslash)
  }
}

/** Whether each comment that begins in the text ends in it. */
function isNested(text: string): boolean {
  let depth = 0
  for (let i = 0; i < text.length && depth >= 0; i++) {
    const two = text.slice(i, i + 2)
    if (two !== '/*' && two !== '*/') continue
    depth += two === '/*' ? 1 : -1
    i++
  }
  return depth === 0
}

function insideOfQuotes(text: string, quote: string, backslash: boolean): string | undefined {
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

/** Whether the text stayed where it was written, as far as the lexical rules and the only row of the statement say. */
export function isIntact(text: string, position: Position, row: Row | undefined): boolean {
  const value = insideOf(text, position)
  if (value === undefined || row === undefined || row['first'] !== 'a' || row['last'] !== 'z') return false
  const { read = ({ value: own }: Row) => own, shown = (own: string): unknown => own } = position
  return position.backslash || read(row) === shown(value)
}

/** What an app may well let its users write where there are no quotes: a number, numbers, a name, names to sort by. */
export function isChoice(text: string, { quote }: Position): boolean {
  // Nothing but blanks stands behind the end of the line, and nothing but that is to be read.
  if (quote === 'line' && !/[\n\r]\s*\S/.test(text)) return true
  const trimmed = text.trim()
  // One sign alone runs nothing: an unbound placeholder, a star.
  if (trimmed.length < 2) return true
  if (/^[\w\u0080-\uffff.]*$/.test(trimmed)) return true
  if (trimmed.split(',').every((item) => /^\s*[-+]?\s*(?:0x[\da-f]+|[\d.]+(?:e[-+]?\d+)?)\s*$/i.test(item))) return true
  return /^[\w.]+(?:\s+(?:asc|desc))?(?:\s*,\s*[\w.]+(?:\s+(?:asc|desc))?)*$/i.test(trimmed)
}
