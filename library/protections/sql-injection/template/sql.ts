import { BulwarkError } from '../../../core/errors.ts'
import { type Dialect, grammarOf } from '../judge/dialect.ts'
import { lex } from '../judge/lexer.ts'
import { OPERATOR, PLACEHOLDER, Tokens } from '../judge/tokens.ts'
import { checkValue, Identifier, Parameter, type Piece, piecesOf, Query } from './query.ts'
import { describe, RefusedValue } from './refused.ts'

/** The template itself, and what cannot be a plain value. */
export interface SqlTemplate {
  /**
   * A statement or a part of one: every value becomes a parameter, a list becomes several, a list of lists becomes rows, and another
   * `sql` becomes a part of this one.
   *
   * **Security**: `undefined`, plain objects and functions are refused (CWE-89, ASVS 1.2.4).
   * @throws BulwarkError `BULWARK_QUERY_INVALID` (status 400)
   */
  (strings: TemplateStringsArray, ...values: readonly unknown[]): Query
  /**
   * A table or column by its name, which may come from the client, if it is one of `allowed`: `ORDER BY ${sql.id(sort, ['title', 'created'])}`.
   *
   * @throws BulwarkError `BULWARK_QUERY_INVALID` (status 400)
   */
  id(name: unknown, allowed: readonly string[]): Identifier
  /** `ASC` or `DESC`, in any case. @throws BulwarkError `BULWARK_QUERY_INVALID` (status 400) */
  direction(name: unknown): Query
  /** One parameter holding JSON. */
  json(value: unknown): Parameter
  /** One parameter holding an array, for PostgreSQL: `= ANY(${sql.array(ids)})`. */
  array(values: readonly unknown[]): Parameter
  /** Parts with something between them: `sql.join(conditions, sql` AND `)`. @default sql`, ` */
  join(parts: readonly (Query | Identifier)[], between?: Query): Query
  /** `title` = ?, `body` = ? for an UPDATE: only columns of `allowed` may be in `changes`. */
  set(changes: Readonly<Record<string, unknown>>, allowed: readonly string[]): Query
  /** Columns and rows for an INSERT: only columns of `allowed` may be in the rows, and the first row says which. */
  insert(
    rows: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[],
    allowed: readonly string[],
  ): Query
  /** Nothing at all: for a part that is left out. */
  readonly empty: Query
}

/** Templates that were looked at: each is one place in the source, and is looked at once. */
const checked = new WeakSet<TemplateStringsArray>()
const tokens: Tokens = new Tokens()

function template(strings: TemplateStringsArray, ...values: readonly unknown[]): Query {
  if (!Array.isArray(strings) || !Array.isArray(strings.raw)) {
    throw new BulwarkError('BULWARK_QUERY_INVALID', 'sql is a template and no function', {
      fix: 'write sql in front of a text in backticks, with the values inside of it',
    })
  }
  if (!checked.has(strings)) checkPlaces(strings)
  const pieces: Piece[] = []
  strings.forEach((text, i) => {
    if (text !== '') pieces.push(text)
    if (i < values.length) pieces.push(...piecesOf(values[i], `value ${i + 1} of the template`))
  })
  return new Query(pieces)
}

/** A placeholder in quotes is no placeholder: the database would look for a question mark. */
function checkPlaces(strings: TemplateStringsArray): void {
  const text = strings.join('?')
  // Which dialect it is shows only when the query is run, and only some of them read every text alike.
  if (!(['sqlite', 'postgres', 'mysql'] as const).some((dialect) => isInCode(strings, text, dialect))) {
    throw new BulwarkError('BULWARK_QUERY_INVALID', 'a value in a sql template stands inside of quotes or a comment', {
      fix: 'leave the quotes out: a value becomes a parameter, which needs none; for LIKE, add % to the value itself',
    })
  }
  checked.add(strings)
}

function isInCode(strings: TemplateStringsArray, text: string, dialect: Dialect): boolean {
  lex(text, grammarOf(dialect), tokens)
  let at = -1
  return strings.slice(0, -1).every((before) => {
    at += before.length + 1
    const kind = tokens.kind[tokens.at(at)]
    return kind === PLACEHOLDER || kind === OPERATOR
  })
}

function id(name: unknown, allowed: readonly string[]): Identifier {
  if (typeof name === 'string' && allowed.includes(name)) return new Identifier(partsOf(name))
  const what = typeof name === 'string' ? 'a name that is not on the list' : describe(name)
  throw new RefusedValue(`sql.id() was given ${what}`, `it may be: ${allowed.join(', ')}`)
}

function partsOf(name: string): readonly string[] {
  // The list is the developer's own; a quote in it is a mistake all the same.
  if (name !== '' && !/["`[\]\0]/.test(name)) return name.split('.')
  throw new BulwarkError('BULWARK_QUERY_INVALID', 'an identifier on the list has quotes in it, or is empty', {
    fix: 'write names as they are, without quotes: sql.id(sort, ["title", "posts.created"])',
  })
}

function direction(name: unknown): Query {
  const word = typeof name === 'string' ? name.toUpperCase() : ''
  if (word === 'ASC' || word === 'DESC') return new Query([word])
  throw new RefusedValue('sql.direction() was given neither asc nor desc', 'check the input before the query')
}

function join(parts: readonly (Query | Identifier)[], between: Query = new Query([', '])): Query {
  if (parts.length === 0)
    throw new RefusedValue('sql.join() was given nothing to join', 'use sql.empty, or leave the part out')
  return new Query(
    parts.flatMap((part, i) =>
      i === 0 ? piecesOf(part, 'sql.join()') : [...between.pieces, ...piecesOf(part, 'sql.join()')],
    ),
  )
}

function set(changes: Readonly<Record<string, unknown>>, allowed: readonly string[]): Query {
  const columns = columnsOf(changes, 'sql.set()')
  return join(columns.map((column) => new Query([id(column, allowed), ' = ', parameterOf(changes[column])])))
}

function insert(
  rows: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[],
  allowed: readonly string[],
): Query {
  const list = (Array.isArray(rows) ? rows : [rows]) as readonly Readonly<Record<string, unknown>>[]
  const columns = columnsOf(list[0], 'sql.insert()')
  const head = join(columns.map((column) => id(column, allowed)))
  const values = list.map((row) => {
    if (Object.keys(row).length !== columns.length) {
      throw new RefusedValue(
        'rows of sql.insert() differ in their columns',
        'give every row the same columns, with null where nothing is',
      )
    }
    const each = columns.map((column) => new Query([parameterOf(row[column])]))
    return new Query(['(', ...join(each).pieces, ')'])
  })
  return new Query(['(', ...head.pieces, ') VALUES ', ...join(values).pieces])
}

function columnsOf(row: Readonly<Record<string, unknown>> | undefined, at: string): readonly string[] {
  const columns = typeof row === 'object' && row !== null ? Object.keys(row) : []
  if (columns.length > 0) return columns
  throw new RefusedValue(`${at} was given no columns`, 'check the input before the query')
}

function parameterOf(value: unknown): Parameter {
  return value instanceof Parameter ? value : new Parameter(checkValue(value, 'the value of a column'))
}

/**
 * Writes a query whose values are parameters and never text:
 *
 * ```ts
 * await pool.query(sql`SELECT title FROM posts WHERE author = ${author} AND id IN (${ids})`)
 * ```
 */
export const sql: SqlTemplate = Object.assign(template, {
  id,
  direction,
  json: (value: unknown) => new Parameter(JSON.stringify(value) ?? null),
  array: (values: readonly unknown[]) =>
    new Parameter(values.map((value, i) => checkValue(value, `item ${i + 1} of sql.array()`))),
  join,
  set,
  insert,
  empty: new Query([]),
})
