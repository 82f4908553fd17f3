import { describe, RefusedValue } from './refused.ts'

/** What a database can take as one value. */
export type SqlValue = string | number | bigint | boolean | null | Date | Uint8Array

/** An identifier that was chosen from a list. */
export class Identifier {
  readonly parts: readonly string[]

  constructor(parts: readonly string[]) {
    this.parts = parts
  }
}

/** One parameter, whatever it is: JSON, or an array for PostgreSQL. */
export class Parameter {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/** What Kysely keeps of a raw expression. */
export interface KyselyNode {
  readonly kind: 'RawNode'
  readonly sqlFragments: readonly string[]
  readonly parameters: readonly object[]
}

/** Pieces of a statement in the order in which they are written. */
export type Piece = string | Identifier | Parameter

/**
 * A statement, or a part of one, whose values are parameters. Drivers take it as it is: `pool.query(query)` with `pg` and `mysql2`,
 * `db.prepare(query.sql).all(...query.values)` with SQLite. For Kysely it is an expression: `` sql`${query}`.execute(db) `` with Kysely's own
 * `sql`, and wherever its builder takes one.
 *
 * **Security**: only the `sql` template makes one. Nothing that comes in a request has its shape.
 */
export class Query {
  readonly pieces: readonly Piece[]
  private made: { text?: string; sql?: string; values?: unknown[] } = {}

  constructor(pieces: readonly Piece[]) {
    this.pieces = pieces
  }

  /** For PostgreSQL: `$1`, `$2`, and identifiers in double quotes. */
  get text(): string {
    return (this.made.text ??= render(this.pieces, '"', (n) => `$${n}`))
  }

  /** For MySQL, MariaDB and SQLite: `?`, and identifiers in backticks. */
  get sql(): string {
    return (this.made.sql ??= render(this.pieces, '`', () => '?'))
  }

  /** For Kysely's types: an expression of any type. */
  // biome-ignore lint/suspicious/noExplicitAny: what a raw expression is called in Kysely
  get expressionType(): any {
    return undefined
  }

  /** For Kysely: the same pieces as its own raw expressions have, which it writes in the dialect of its database. */
  toOperationNode(): KyselyNode {
    const sqlFragments: string[] = ['']
    const parameters: object[] = []
    const child = (node: object, between = ''): void => {
      sqlFragments[parameters.length] += between
      parameters.push(node)
      sqlFragments.push('')
    }
    for (const piece of this.pieces) {
      if (typeof piece === 'string') sqlFragments[parameters.length] += piece
      else if (piece instanceof Parameter) child({ kind: 'ValueNode', value: piece.value })
      else piece.parts.forEach((name, i) => void child({ kind: 'IdentifierNode', name }, i > 0 ? '.' : ''))
    }
    return { kind: 'RawNode', sqlFragments, parameters }
  }

  /** The parameters in their order. */
  // biome-ignore lint/suspicious/noExplicitAny: drivers type their parameters as any[]
  get values(): any[] {
    return (this.made.values ??= this.pieces.flatMap((piece) => (piece instanceof Parameter ? [piece.value] : [])))
  }
}

/** Turns what stands between `${` and `}` into pieces. */
export function piecesOf(value: unknown, at: string): readonly Piece[] {
  if (value instanceof Query) return value.pieces
  if (value instanceof Identifier || value instanceof Parameter) return [value]
  if (!Array.isArray(value)) return [new Parameter(checkValue(value, at))]
  if (value.length === 0) {
    throw new RefusedValue(
      'a list in a sql template is empty',
      'leave the condition out when there is nothing to look for',
      at,
    )
  }
  const rows = value.every((item) => Array.isArray(item))
  return value.flatMap((item, i) => {
    const inner = rows ? ['(', ...piecesOf(item, `${at}, row ${i + 1}`), ')'] : [itemOf(item, `${at}, item ${i + 1}`)]
    return i === 0 ? inner : [', ', ...inner]
  })
}

function itemOf(item: unknown, at: string): Piece {
  if (item instanceof Identifier || item instanceof Parameter) return item
  return new Parameter(checkValue(item, at))
}

/** Answers the value when a database can take it. */
export function checkValue(value: unknown, at: string): SqlValue {
  switch (typeof value) {
    case 'string':
    case 'bigint':
    case 'boolean':
      return value
    case 'number':
      if (Number.isFinite(value)) return value
      break
    case 'object':
      if (value === null || value instanceof Uint8Array) return value
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value
      break
  }
  throw new RefusedValue(
    `${describe(value)} is no value for a query`,
    value === undefined
      ? 'check the input before the query, or write null where nothing is meant'
      : 'check the type of the input before the query; sql.json(value) is for JSON columns, sql.array(values) for arrays',
    at,
  )
}

function render(pieces: readonly Piece[], quote: string, placeholder: (n: number) => string): string {
  let text = ''
  let n = 0
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece
    else if (piece instanceof Parameter) text += placeholder(++n)
    else text += piece.parts.map((part) => quote + part + quote).join('.')
  }
  return text
}
