import type { Dialect } from 'bulwark'
import { UsageError } from './arguments.ts'

/** One statement, and what a database said of it. */
export interface Case {
  readonly dialect: Dialect
  /** The statement with `§` where the input goes. */
  readonly template: string
  readonly sql: string
  readonly input: string
  readonly expected: 'injection' | 'safe'
  /** Whether the database runs it. */
  readonly executes: boolean
}

const DIALECTS: readonly Dialect[] = ['postgres', 'mysql', 'sqlite', 'tsql']
/** What others call the same languages. */
const ALSO: Readonly<Record<string, Dialect>> = {
  postgresql: 'postgres',
  pg: 'postgres',
  mariadb: 'mysql',
  mysql2: 'mysql',
  sqlite3: 'sqlite',
  mssql: 'tsql',
  sqlserver: 'tsql',
}
/** How many bad lines are told. */
const TOLD = 5

/**
 * Reads a file of cases, one JSON object a line. Blank lines, a byte order mark and fields that are not known do not matter. A line that
 * cannot be read would make every count wrong, so nothing is counted then: throws `UsageError` that names the lines.
 */
export function readCases(text: string, file: string): readonly Case[] {
  const cases: Case[] = []
  const wrong: string[] = []
  for (const [i, line] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue
    const read = caseIn(line)
    if (typeof read === 'string') wrong.push(`${file}:${i + 1}: ${read}`)
    else cases.push(read)
  }
  if (wrong.length > TOLD) wrong.splice(TOLD, wrong.length, `and ${wrong.length - TOLD} more lines`)
  if (wrong.length > 0) throw new UsageError(wrong.join('\n'))
  if (cases.length === 0) throw new UsageError(`${file}: there is no case in it`)
  return cases
}

/** The case on a line, or why there is none. */
function caseIn(line: string): Case | string {
  let read: unknown
  try {
    read = JSON.parse(line)
  } catch {
    return 'this is no JSON; each line holds one case'
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read))
    return 'this is no object; each line holds one case'
  const { dialect: said, template, sql, input, expected, executes } = read as Record<string, unknown>
  if (typeof said !== 'string') return '`dialect` is missing'
  const dialect = dialectCalled(said)
  if (dialect === undefined) return `the dialect ${JSON.stringify(said)} is none of ${DIALECTS.join(', ')}`
  if (typeof template !== 'string') return '`template` is no text'
  if (typeof sql !== 'string') return '`sql` is no text'
  if (typeof input !== 'string') return '`input` is no text'
  if (expected !== 'injection' && expected !== 'safe') return '`expected` is neither "injection" nor "safe"'
  if (typeof executes !== 'boolean') return '`executes` is neither true nor false'
  return { dialect, template, sql, input, expected, executes }
}

function dialectCalled(name: string): Dialect | undefined {
  const lower = name.toLowerCase()
  return DIALECTS.find((each) => each === lower) ?? (Object.hasOwn(ALSO, lower) ? ALSO[lower] : undefined)
}
