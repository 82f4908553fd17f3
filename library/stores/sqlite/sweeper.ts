import type { Bound, Database, Statement } from './database.ts'

/**
 * How many rows one step looks at. With a step for every 64 writes, a table is gone round once while half as many rows are added as it has:
 * so it never holds more than twice what lives.
 */
const ROWS = 128

/** Goes round a table in small steps, and deletes the rows that have expired. */
export class Sweeper {
  readonly #last: Statement<{ last: Bound }>
  readonly #delete: Statement<never>
  readonly #start: Bound
  #at: Bound

  /** `column` gives the table its order, and `start` is before, or is, its smallest value. */
  constructor(database: Database, table: string, column: string, start: Bound) {
    const rows = `SELECT ${column} AS place FROM ${table} WHERE ${column} >= ? ORDER BY ${column} LIMIT ${ROWS}`
    this.#last = database.prepare(`SELECT max(place) AS last FROM (${rows})`)
    this.#delete = database.prepare(`DELETE FROM ${table} WHERE ${column} BETWEEN ? AND ? AND expires <= ?`)
    this.#start = start
    this.#at = start
  }

  step(now: number): void {
    const from = this.#at
    const last = this.#last.get(from)?.last ?? null
    if (last !== null) this.#delete.run(from, last, now)
    // The last row is looked at twice; when it is the only one, the round is over.
    this.#at = last === null || last === from ? this.#start : last
  }
}
