import type { Pool } from 'pg'
import type { Database } from './database.ts'
import { tables } from './schema.ts'
import type { Sql } from './sql.ts'

/** The tables in PostgreSQL, through a pool of the app's own. */
export async function openPostgres(pool: Pool): Promise<Database> {
  const inOne = async (statements: readonly { text: string; values?: unknown[] }[]): Promise<void> => {
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      for (const { text, values } of statements) await client.query(text, values)
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    } finally {
      client.release()
    }
  }
  // `IF NOT EXISTS` alone is no protection against another process that makes the same table now.
  await inOne([{ text: 'SELECT pg_advisory_xact_lock(83110321)' }, ...tables('postgres').map((text) => ({ text }))])
  return {
    kind: 'postgres',
    all: async <Row>(statement: Sql) => (await pool.query(toQuery(statement))).rows as Row[],
    batch: (statements) => inOne(statements.map(toQuery)),
    close: () => pool.end(),
  }
}

function toQuery(statement: Sql): { text: string; values: unknown[] } {
  return { text: statement.text, values: statement.values }
}
