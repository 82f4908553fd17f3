import type { Sql } from '../shared/sql.ts'

/** A statement as somebody glued it together. */
export function glued(text: string): Sql {
  return { text, sql: text, values: [] }
}
