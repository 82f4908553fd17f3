import { guardDatabase, type Store } from 'bulwark'
import type { AccountStore } from 'bulwark/accounts'
import { memoryAccountStore } from 'bulwark/accounts/stores/memory'
import { postgresAccountStore } from 'bulwark/accounts/stores/postgres'
import { sqliteAccountStore } from 'bulwark/accounts/stores/sqlite'
import { memoryStore } from 'bulwark/stores/memory'
import { postgresStore } from 'bulwark/stores/postgres'
import { redisStore } from 'bulwark/stores/redis'
import { sqliteStore } from 'bulwark/stores/sqlite'
import type { Database } from '../shared/database.ts'
import { openPostgres } from '../shared/postgres.ts'
import { openSqlite } from '../shared/sqlite.ts'

/** Where the blog remembers things. Without any, everything ends with the process. */
export interface Places {
  /** A SQLite file, which the blog's processes on one machine share. */
  readonly file?: string | undefined
  /** A PostgreSQL database, in place of the file. */
  readonly databaseUrl?: string | undefined
  /** A Redis or Valkey server, for sessions, links and limits. */
  readonly redisUrl?: string | undefined
}

export interface Memory {
  /** What people tell about themselves, and what they wrote. */
  readonly db: Database
  /** Who they are, and how they prove it. */
  readonly accounts: AccountStore
  /** Sessions, links and limits. */
  readonly store: Store
  close(): Promise<void>
}

export async function openMemory(places: Places): Promise<Memory> {
  const { db, accounts, store } = places.databaseUrl
    ? await openWithPostgres(places.databaseUrl)
    : await openWithSqlite(places)
  const closeAll = async (): Promise<void> => {
    await accounts.close?.()
    await db.close()
  }
  if (!places.redisUrl) {
    const close = async (): Promise<void> => {
      await store.close?.()
      await closeAll()
    }
    return { db, accounts, store, close }
  }
  await store.close?.()
  const { Redis } = await import('ioredis')
  const client = new Redis(places.redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1 })
  // Bulwark tells of each command that fails; without a listener the client would write to the console as well.
  client.on('error', () => {})
  const close = async (): Promise<void> => {
    client.disconnect()
    await closeAll()
  }
  return { db, accounts, store: redisStore(client), close }
}

type Opened = Pick<Memory, 'db' | 'accounts' | 'store'>

async function openWithPostgres(url: string): Promise<Opened> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  // A connection that ends while nobody uses it is replaced when the next one is needed.
  pool.on('error', () => {})
  // No value of a request has a way into a text; should one find it after all, the query is not run.
  guardDatabase(pool)
  return { db: await openPostgres(pool), accounts: postgresAccountStore(pool), store: postgresStore(pool) }
}

async function openWithSqlite({ file }: Places): Promise<Opened> {
  const db = await openSqlite(file, guardDatabase)
  if (!file) return { db, accounts: memoryAccountStore(), store: memoryStore() }
  return { db, accounts: sqliteAccountStore(file), store: sqliteStore(file) }
}
