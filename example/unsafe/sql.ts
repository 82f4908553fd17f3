import { Sql } from '../shared/sql.ts'

/** A statement as somebody glued it together. */
export function glued(text: string): Sql {
  return new Sql([text], [])
}
