import type { Store } from 'bulwark'
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
  /** A Redis or Valkey server, for sessions and limits. */
  readonly redisUrl?: string | undefined
}

export interface Memory {
  /** People and what they wrote. */
  readonly db: Database
  /** Sessions and limits. */
  readonly store: Store
  close(): Promise<void>
}

export async function openMemory(places: Places): Promise<Memory> {
  const { db, store } = places.databaseUrl ? await openWithPostgres(places.databaseUrl) : await openWithSqlite(places)
  if (!places.redisUrl) return { db, store, close: () => closeAll(db, store) }
  await store.close?.()
  const { Redis } = await import('ioredis')
  const client = new Redis(places.redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1 })
  // Bulwark tells of each command that fails; without a listener the client would write to the console as well.
  client.on('error', () => {})
  const own = redisStore(client)
  return {
    db,
    store: own,
    close: async () => {
      client.disconnect()
      await db.close()
    },
  }
}

interface Opened {
  readonly db: Database
  readonly store: Store
}

async function openWithPostgres(url: string): Promise<Opened> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  // A connection that ends while nobody uses it is replaced when the next one is needed.
  pool.on('error', () => {})
  return { db: await openPostgres(pool), store: postgresStore(pool) }
}

async function openWithSqlite({ file }: Places): Promise<Opened> {
  return { db: await openSqlite(file), store: file ? sqliteStore(file) : memoryStore() }
}

async function closeAll(db: Database, store: Store): Promise<void> {
  await store.close?.()
  await db.close()
}
