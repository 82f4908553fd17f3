import { POSTS } from './apps.ts'

/** What the app's routes ask of a database. */
export interface Database {
  /** What a sink is put around. */
  readonly driver: object
  /** The values stand beside the statement, where it has `$1` and so on. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly unknown[]>
}

type Require = (name: string) => unknown

interface Pool {
  query(sql: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>
  on(event: 'connect', listener: (client: { query(sql: string): Promise<unknown> }) => void): void
}

const TABLE = 'CREATE TEMPORARY TABLE posts (id integer PRIMARY KEY, title text NOT NULL)'

/** Each connection has a table of its own, so that nothing is left behind. */
export function openPostgres(require: Require): Database {
  const connectionString = process.env['BULWARK_TEST_PG_URL']
  if (!connectionString) throw new Error('BULWARK_TEST_PG_URL is not set')
  const { Pool } = require('pg') as { Pool: new (options: object) => Pool }
  const pool = new Pool({ connectionString, max: 8 })
  const rows = POSTS.map(({ id, title }) => `(${id}, '${title.replaceAll("'", "''")}')`)
  pool.on('connect', (client) => void client.query(`${TABLE}; INSERT INTO posts VALUES ${rows.join(', ')}`))
  return { driver: pool, query: async (sql, values) => (await pool.query(sql, values)).rows }
}

interface Sqlite {
  exec(sql: string): void
  prepare(sql: string): { all(...values: unknown[]): unknown[] }
}

/** `node:sqlite` where this Node.js has it. */
export function openSqlite(require: Require): Database {
  const { DatabaseSync } = require(sqliteName()) as { DatabaseSync: new (path: string) => Sqlite }
  const database = new DatabaseSync(':memory:')
  database.exec(TABLE)
  const insert = database.prepare('INSERT INTO posts VALUES (?, ?) RETURNING id')
  for (const { id, title } of POSTS) insert.all(id, title)
  return {
    driver: database,
    query: async (sql, values = []) => database.prepare(sql.replaceAll(/\$\d/g, '?')).all(...values),
  }
}

export function sqliteName(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 13) ? 'node:sqlite' : '@photostructure/sqlite'
}
