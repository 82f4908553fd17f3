import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { UsageError } from '../io.ts'
import type { Connection } from './account.ts'
import type { Address } from './address.ts'

/** Milliseconds. */
const PATIENCE = 10_000

interface PgClient {
  connect(): Promise<void>
  query(sql: string): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>
  on(event: 'error', listener: () => void): void
  end(): Promise<void>
}
interface Pg {
  readonly Client: new (options: object) => PgClient
}
interface MysqlConnection {
  query(sql: string): Promise<readonly [unknown, unknown]>
  on(event: 'error', listener: () => void): void
  end(): Promise<void>
}
interface Mysql {
  createConnection(options: object): Promise<MysqlConnection>
}

/** Connects with the driver of the app whose folder this is: whoever has a database has one of them. */
export async function connect({ kind, url }: Address, cwd: string): Promise<Connection> {
  return kind === 'postgres' ? connectPostgres(url, cwd) : connectMysql(url, cwd)
}

async function connectPostgres(url: string, cwd: string): Promise<Connection> {
  const { Client } = (await load('pg', 'pg', cwd)) as Pg
  const client = new Client({
    connectionString: url,
    application_name: 'bulwark db check',
    connectionTimeoutMillis: PATIENCE,
    query_timeout: PATIENCE,
  })
  // What breaks is told by the query that waits for it.
  client.on('error', () => {})
  await client.connect()
  // Nothing that is asked here writes, and nothing can.
  await client.query('SET default_transaction_read_only = on')
  return { rows: async (sql) => (await client.query(sql)).rows, close: () => client.end() }
}

async function connectMysql(url: string, cwd: string): Promise<Connection> {
  const { createConnection } = (await load('mysql2', 'mysql2/promise', cwd)) as Mysql
  const connection = await createConnection({ uri: url, connectTimeout: PATIENCE })
  connection.on('error', () => {})
  return {
    rows: async (sql) => (await connection.query(sql))[0] as readonly Readonly<Record<string, unknown>>[],
    close: () => connection.end(),
  }
}

async function load(name: string, entry: string, cwd: string): Promise<unknown> {
  for (const from of [join(cwd, 'package.json'), fileURLToPath(import.meta.url)]) {
    let path: string
    try {
      path = createRequire(from).resolve(entry)
    } catch {
      // It is not there; perhaps it is at the next place.
      continue
    }
    const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown }
    return module.default ?? module
  }
  throw new UsageError(
    `this database needs the driver ${name}`,
    `npm install --save-dev ${name}, in the folder of the app`,
  )
}
