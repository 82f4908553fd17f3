import type { Sql } from './sql.ts'

/** Where the blog keeps people and what they wrote. SQLite and PostgreSQL take the same statements. */
export interface Database {
  readonly kind: 'sqlite' | 'postgres'
  all<Row>(statement: Sql): Promise<Row[]>
  /** All of it, or nothing. */
  batch(statements: readonly Sql[]): Promise<void>
  close(): Promise<void>
}

export async function first<Row>(db: Database, statement: Sql): Promise<Row | undefined> {
  return (await db.all<Row>(statement))[0]
}

/** Whether a statement failed because something of which there may be one is there already. */
export function isTaken(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return code === '23505' || /UNIQUE constraint failed/.test(String(message))
}
