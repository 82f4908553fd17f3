import { checkField, type Filter, type Scalar, textOf } from '../deciding/filter.ts'
import { type Scope, toFilterOf } from './scope.ts'

export interface ScopeSqlOptions {
  readonly dialect: 'sqlite' | 'postgres' | 'mysql'
  /** The columns behind the fields, where they are called otherwise: `{ author: 'author_id' }`, or `{ author: 'p.author_id' }` in a join. */
  readonly columns?: Readonly<Record<string, string>>
  /** The number of the first placeholder, for PostgreSQL: one more than the statement has already. @default 1 */
  readonly first?: number
}

/** A condition to put behind WHERE, in brackets, with the values of its placeholders in order. */
export interface ScopeSql {
  readonly text: string
  readonly values: readonly (string | number | bigint)[]
}

/**
 * Turns a scope into a condition of SQL that is true for exactly the rows that `can` allows, and never NULL.
 *
 * Values are compared as `can` compares them: by their text, whatever the types of the columns and the collation.
 * **Security**: values go into placeholders only; columns are words of the policy or of `columns`.
 * @throws BulwarkError `BULWARK_POLICY_INVALID` when a column is no word
 */
export function scopeToSql(scope: Scope, options: ScopeSqlOptions): ScopeSql {
  const writer = new Writer(options)
  return { text: writer.write(toFilterOf(scope)), values: writer.values }
}

class Writer {
  readonly values: (string | number | bigint)[] = []
  readonly #options: ScopeSqlOptions
  #next: number

  constructor(options: ScopeSqlOptions) {
    this.#options = options
    this.#next = options.first ?? 1
  }

  write(filter: Filter): string {
    switch (filter.op) {
      case 'always':
        return '(1 = 1)'
      case 'never':
        return '(1 = 0)'
      case 'not':
        return `(NOT ${this.write(filter.of)})`
      case 'all':
        return `(${filter.of.map((part) => this.write(part)).join(' AND ')})`
      case 'any':
        return `(${filter.of.map((part) => this.write(part)).join(' OR ')})`
      case 'in':
        return this.#isOneOf(this.#column(filter.field), filter.values)
    }
  }

  #isOneOf(column: string, values: readonly Scalar[]): string {
    const texts = [...new Set(values.map(textOf))]
    const some = texts.filter((text) => typeof text === 'string')
    const parts = [
      ...(texts.includes(null) ? [`${column} IS NULL`] : []),
      // A comparison with NULL is NULL, and so is its opposite: a denial would lose the row, so it is settled first.
      ...(some.length > 0 ? [`(${column} IS NOT NULL AND ${this.#hasText(column, some)})`] : []),
    ]
    return parts.length === 0 ? '(1 = 0)' : `(${parts.join(' OR ')})`
  }

  #hasText(column: string, texts: readonly string[]): string {
    switch (this.#options.dialect) {
      case 'sqlite':
        return this.#inSqlite(column, texts)
      case 'postgres':
        return this.#inPostgres(column, texts)
      case 'mysql':
        return this.#inMysql(column, texts)
    }
  }

  /** SQLite compares '07' with a number as a number, and by the collation of the column: the second half is exact, the first finds an index. */
  #inSqlite(column: string, texts: readonly string[]): string {
    const numbers = texts.flatMap(toNumber)
    const isText = (): string => `${column} COLLATE BINARY IN (${this.#all(texts)})`
    if (numbers.length === 0) return `typeof(${column}) = 'text' AND ${isText()}`
    const any = `${column} IN (${this.#all([...texts, ...numbers])})`
    return `${any} AND CASE typeof(${column}) WHEN 'text' THEN ${isText()} ELSE ${column} IN (${this.#all(numbers)}) END`
  }

  /** A placeholder beside a column takes its type; a value that is none of that type is an error, and no row. */
  #inPostgres(column: string, texts: readonly string[]): string {
    // A boolean reads as 't' or 'f' there, and as '1' or '0' to `can`.
    const text = texts.some((one) => /^[10tf]$/.test(one))
      ? `CASE WHEN pg_typeof(${column}) = 'boolean'::regtype THEN CASE concat(${column}) WHEN 't' THEN '1' ELSE '0' END ELSE concat(${column}) END`
      : `concat(${column})`
    return `${column} IN (${this.#all(texts)}) AND (${text}) COLLATE "C" IN (${this.#all(texts)})`
  }

  /** MySQL compares without regard to case, and 'abc' with 0 as equal; bytes it compares as they are. */
  #inMysql(column: string, texts: readonly string[]): string {
    const bytes = texts.map((text) => `CAST(${this.#one(text)} AS BINARY)`)
    // The order of the placeholders is the order of their values.
    return `CAST(${column} AS BINARY) IN (${bytes.join(', ')}) AND ${column} IN (${this.#all(texts)})`
  }

  #all(values: readonly (string | number | bigint)[]): string {
    return values.map((value) => this.#one(value)).join(', ')
  }

  #one(value: string | number | bigint): string {
    this.values.push(value)
    return this.#options.dialect === 'postgres' ? `$${this.#next++}` : '?'
  }

  #column(field: string): string {
    const named = this.#options.columns
    const name = named !== undefined && Object.hasOwn(named, field) ? (named[field] as string) : field
    const quote = this.#options.dialect === 'mysql' ? '`' : '"'
    return name
      .split('.')
      .map((part) => `${quote}${checkField(part, `scopeToSql({ columns: { ${field} } })`)}${quote}`)
      .join('.')
  }
}

/** The number whose text this is, if there is one. */
function toNumber(text: string): (number | bigint)[] {
  const number = Number(text)
  if (text !== '' && String(number) === text && Number.isFinite(number)) return [number]
  return /^-?[1-9]\d{15,18}$/.test(text) ? [BigInt(text)] : []
}
