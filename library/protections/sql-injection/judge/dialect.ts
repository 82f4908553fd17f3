/** The SQL that a server speaks. MariaDB speaks `mysql`. */
export type Dialect = 'postgres' | 'mysql' | 'sqlite' | 'tsql'

export const DIALECTS: readonly Dialect[] = ['postgres', 'mysql', 'sqlite', 'tsql']

/** How one dialect is cut into tokens, under the settings of one connection. */
export interface Grammar {
  readonly dialect: Dialect
  /** A backslash escapes the next character inside of `'...'`. */
  readonly backslash: boolean
  /** `"..."` is an identifier; otherwise it is a string. */
  readonly quotesIdentifiers: boolean
  readonly backticks: boolean
  /** `[...]` is an identifier; `]]` inside of it is one `]`. */
  readonly brackets: 'no' | 'plain' | 'doubled'
  /** `$tag$...$tag$`, `E'...'` and `U&'...'`. */
  readonly dollarQuotes: boolean
  readonly nestedComments: boolean
  /** `#` begins a comment. */
  readonly hashComments: boolean
  /** `--` begins a comment only in front of a blank. */
  readonly dashNeedsBlank: boolean
  /** What stands in a comment like this is run. */
  readonly versionComments: boolean
  /** Characters that begin the name of a placeholder. */
  readonly placeholders: string
}

/** What of a connection decides how its server reads text. */
export interface SqlModes {
  /**
   * Whether the server takes a backslash inside of `'...'` for an escape: MySQL unless `NO_BACKSLASH_ESCAPES`, PostgreSQL only
   * with `standard_conforming_strings = off`.
   */
  readonly backslash?: boolean | undefined
  /** Whether `"..."` is an identifier for MySQL (`ANSI_QUOTES`). */
  readonly ansiQuotes?: boolean | undefined
}

const POSTGRES: Grammar = {
  dialect: 'postgres',
  backslash: false,
  quotesIdentifiers: true,
  backticks: false,
  brackets: 'no',
  dollarQuotes: true,
  nestedComments: true,
  hashComments: false,
  dashNeedsBlank: false,
  versionComments: false,
  placeholders: '$',
}

const GRAMMARS: Readonly<Record<Dialect, Grammar>> = {
  postgres: POSTGRES,
  mysql: {
    ...POSTGRES,
    dialect: 'mysql',
    backslash: true,
    quotesIdentifiers: false,
    backticks: true,
    dollarQuotes: false,
    nestedComments: false,
    hashComments: true,
    dashNeedsBlank: true,
    versionComments: true,
    placeholders: '?:',
  },
  sqlite: {
    ...POSTGRES,
    dialect: 'sqlite',
    backticks: true,
    brackets: 'plain',
    dollarQuotes: false,
    nestedComments: false,
    placeholders: '?:@$',
  },
  tsql: { ...POSTGRES, dialect: 'tsql', brackets: 'doubled', dollarQuotes: false, placeholders: '@' },
}

/** How the same statement would read on a server with the other settings; `undefined` where all servers are the same. */
export function otherReading(grammar: Grammar): Grammar | undefined {
  const { dialect, backslash, quotesIdentifiers } = grammar
  if (dialect === 'postgres') return { ...grammar, backslash: !backslash }
  return dialect === 'mysql' ? { ...grammar, backslash: !backslash, quotesIdentifiers: !quotesIdentifiers } : undefined
}

/** The grammar of a dialect under the modes of a connection. */
export function grammarOf(dialect: Dialect, { backslash, ansiQuotes }: SqlModes = {}): Grammar {
  const base = GRAMMARS[dialect]
  if (backslash === undefined && ansiQuotes === undefined) return base
  return {
    ...base,
    backslash: backslash ?? base.backslash,
    quotesIdentifiers: ansiQuotes ?? base.quotesIdentifiers,
  }
}
