import type { Severity } from '../arguments.ts'

/** What a database may be asked for; whoever asks decides how. */
export interface Connection {
  rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  close(): Promise<void>
}

/** What somebody may do to the rows of a table. */
export type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE'

export const RIGHTS: readonly Right[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']

export interface TableRights {
  /** Empty in MySQL, where a schema is the database. */
  readonly schema: string
  readonly name: string
  /** Everything that the account may do to it, `OWNER` among it. */
  readonly rights: readonly string[]
  /** The columns of those rights that it has on some columns only. */
  readonly columns?: Columns
}

export type Columns = Readonly<Partial<Record<Right, readonly string[]>>>

/** Something that the account may do and that no app needs. */
export interface Excess {
  readonly id: string
  readonly severity: Severity
  /** What it may do, in one sentence. */
  readonly what: string
  /** What that means in the hands of an attacker, or what to do about it. */
  readonly why: string
}

/** What an account may do in one database. */
export interface Account {
  readonly server: string
  readonly version: string
  readonly name: string
  readonly database: string
  readonly excess: readonly Excess[]
  readonly tables: readonly TableRights[]
  /** What the script has to know of the place. */
  readonly facts: PostgresFacts | MysqlFacts
}

export interface PostgresFacts {
  readonly kind: 'postgres'
  readonly publicCreates: readonly string[]
  readonly sequences: readonly Sequence[]
  readonly otherDatabases: readonly string[]
  /** Who owns the tables, and so makes new ones. */
  readonly owners: readonly string[]
}

export interface Sequence {
  readonly schema: string
  readonly name: string
  /** The table whose column it numbers, with its schema; `undefined` when it belongs to none. */
  readonly of: string | undefined
}

export interface MysqlFacts {
  readonly kind: 'mysql'
  /** From where the account may come, such as `%`. */
  readonly host: string
}

/** What the app does to each table, by its name in lower case; `undefined` when nobody looked. */
export type Needs = ReadonlyMap<string, ReadonlySet<Right>> | undefined

/** What the app needs of one table: what its queries do; where nobody looked at them, no more than the account has. */
export function neededOf(table: TableRights, needs: Needs): readonly Right[] {
  if (needs === undefined) return RIGHTS.filter((right) => table.rights.includes(right))
  const found = needs.get(table.name.toLowerCase())
  return RIGHTS.filter((right) => found?.has(right) === true)
}

/** `a, b, c and 4 more`. */
export function listOf(names: readonly string[], most = 5): string {
  const rest = names.length - most
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ')
}
