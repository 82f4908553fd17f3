import { BulwarkError } from '../core/errors.ts'
import type { Entry, PutOptions, Rate, Store, Taken } from '../core/store.ts'
import { refuseUnknown } from '../core/unknown-key.ts'
import { parseDuration } from '../toolbox/duration.ts'
import { type Bucket, emptyBucket, isBucketRate, pour } from '../toolbox/gcra.ts'
import { type KnownKeys, strangerIn } from '../toolbox/known-keys.ts'
import { fromText, toText } from '../toolbox/storable-text.ts'
import { type Database, openDatabase, rolledBack, type Statement, type Tables, unavailable } from './sqlite/database.ts'
import { Sweeper } from './sqlite/sweeper.ts'

const KNOWN: KnownKeys<SqliteStoreOptions> = { busyTimeout: true, now: true }

export interface SqliteStoreOptions {
  /** How long a write waits while another process writes. The event loop waits with it. @default '1s' */
  readonly busyTimeout?: string | number
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/**
 * A store in a SQLite file: survives restarts, and is shared by all processes of one machine that open the same path. Answers at once, never with
 * a promise. Uses `node:sqlite` where Node.js has it, otherwise the package `@photostructure/sqlite`.
 *
 * Throws `BulwarkError` `BULWARK_STORE_UNAVAILABLE`, here and in each method, when the file cannot be used or stays locked.
 *
 * **Security**: limits are exact across processes. What a method has answered survives the end of the process, also a killed one.
 * The file is created readable for its owner only. It must be on a local disk: locks of network file systems do not hold.
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  refuseUnknown(strangerIn(options, KNOWN, 'sqliteStore()'))
  const { busyTimeout = '1s', now = Date.now } = options
  const timeout = parseDuration(busyTimeout)
  if (timeout === undefined) {
    throw new BulwarkError('BULWARK_DURATION_INVALID', 'this is no time to wait', {
      at: 'sqliteStore(path, { busyTimeout })',
      fix: "write it like '500ms' or '2s'",
    })
  }
  if (typeof path !== 'string' || path === '') {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a SQLite store needs the path of its file', {
      at: 'sqliteStore(path)',
      fix: "name a file, as in sqliteStore('journal.db')",
    })
  }
  return new SqliteStore(path, openDatabase(path, timeout, TABLES), now)
}

const TABLES: Tables = {
  caller: 'sqliteStore',
  versionTable: 'bulwark_schema',
  version: 1,
  // No index on the time of expiry: it would double what each write costs. What has expired is found by going round the tables.
  sql: `
    CREATE TABLE bulwark_entries (
      key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL, expires INTEGER NOT NULL, owner TEXT
    );
    CREATE INDEX bulwark_entries_owner ON bulwark_entries (owner) WHERE owner IS NOT NULL;
    CREATE TABLE bulwark_limits (
      key TEXT NOT NULL PRIMARY KEY, level INTEGER NOT NULL, at INTEGER NOT NULL, period INTEGER NOT NULL, expires INTEGER NOT NULL
    ) WITHOUT ROWID;
  `,
  synchronous: 'NORMAL',
}

/** How many writes lie between two steps of sweeping, which take turns with the tables. */
const SWEEP_EVERY = 32

interface VersionRow {
  readonly version: number
}

// Versions are random: after a key was deleted and made anew, an old version must not fit by chance.
const NEW_VERSION = '1 + abs(random() >> 12)'
const PUT = `INSERT INTO bulwark_entries (key, value, expires, owner, version) VALUES (?, ?, ?, ?, ${NEW_VERSION})
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires, owner = excluded.owner, version = excluded.version`
const REPLACE = `UPDATE bulwark_entries SET value = ?, expires = ?, owner = ?, version = ${NEW_VERSION}
  WHERE key = ? AND version = ? AND expires > ? RETURNING version`
const POUR = `INSERT INTO bulwark_limits (key, level, at, period, expires) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET level = excluded.level, at = excluded.at, period = excluded.period, expires = excluded.expires`

class SqliteStore implements Store {
  readonly name = 'sqlite'
  readonly shared: boolean
  readonly #path: string
  readonly #database: Database
  readonly #now: () => number
  #writes = 0
  #closed = false

  readonly #begin: Statement<never>
  readonly #commit: Statement<never>
  readonly #get: Statement<{ value: string; version: number; expires: number }>
  readonly #put: Statement<VersionRow>
  readonly #create: Statement<VersionRow>
  readonly #replace: Statement<VersionRow>
  readonly #delete: Statement<{ expires: number }>
  readonly #keysOf: Statement<{ key: string }>
  readonly #deleteAllOf: Statement<{ expires: number }>
  readonly #level: Statement<Bucket>
  readonly #pour: Statement<never>
  readonly #forget: Statement<never>
  readonly #sweepers: readonly [Sweeper, Sweeper]

  constructor(path: string, database: Database, now: () => number) {
    this.#path = path
    this.#database = database
    this.#now = now
    this.shared = path !== ':memory:'
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#get = database.prepare('SELECT value, version, expires FROM bulwark_entries WHERE key = ?')
    this.#put = database.prepare(`${PUT} RETURNING version`)
    this.#create = database.prepare(`${PUT} WHERE bulwark_entries.expires <= ? RETURNING version`)
    this.#replace = database.prepare(REPLACE)
    this.#delete = database.prepare('DELETE FROM bulwark_entries WHERE key = ? RETURNING expires')
    this.#keysOf = database.prepare('SELECT key FROM bulwark_entries WHERE owner = ? AND expires > ?')
    this.#deleteAllOf = database.prepare('DELETE FROM bulwark_entries WHERE owner = ? RETURNING expires')
    this.#level = database.prepare('SELECT level, at, period FROM bulwark_limits WHERE key = ?')
    this.#pour = database.prepare(POUR)
    this.#forget = database.prepare('DELETE FROM bulwark_limits WHERE key = ?')
    this.#sweepers = [
      new Sweeper(database, 'bulwark_entries', 'rowid', 0),
      new Sweeper(database, 'bulwark_limits', 'key', ''),
    ]
  }

  get(key: string): Entry | undefined {
    try {
      const row = this.#get.get(toText(key))
      if (!row || row.expires <= this.#now()) return undefined
      return { value: fromText(row.value), version: row.version }
    } catch (error) {
      throw unavailable(TABLES.caller, this.#path, error)
    }
  }

  put(key: string, value: string, options: PutOptions): number | undefined {
    if (!Number.isFinite(options.ttl)) {
      throw new BulwarkError('BULWARK_DURATION_INVALID', 'every value in a store expires', {
        at: 'put({ ttl })',
        fix: 'give a number of milliseconds',
      })
    }
    try {
      this.#sweep()
      // `all` and not `get`: a row that RETURNING hands out is committed only when the statement has run to its end.
      return this.#write(toText(key), toText(value), options, this.#now())[0]?.version
    } catch (error) {
      throw unavailable(TABLES.caller, this.#path, error)
    }
  }

  delete(key: string): boolean {
    const text = toText(key)
    try {
      this.#begin.run()
      try {
        this.#forget.run(text)
        const row = this.#delete.all(text)[0]
        this.#commit.run()
        return row !== undefined && row.expires > this.#now()
      } catch (error) {
        throw rolledBack(this.#database, error)
      }
    } catch (error) {
      throw unavailable(TABLES.caller, this.#path, error)
    }
  }

  take(key: string, rate: Rate, cost = 1): Taken {
    if (!isBucketRate(rate) || !Number.isInteger(cost)) {
      throw new BulwarkError('BULWARK_LIMIT_INVALID', 'this rate cannot be counted', {
        at: 'take(key, rate, cost)',
        fix: 'use whole numbers: a burst and a period in milliseconds from 1, with a product below 2^53',
      })
    }
    const text = toText(key)
    try {
      // A flood must not queue for the write lock: what the last commit refuses is refused, and looking needs no lock.
      const seen = this.#peek(text, rate, cost)
      if (!seen.allowed || cost === 0) return seen
      this.#sweep()
      this.#begin.run()
      try {
        const taken = this.#pourIn(text, rate, cost)
        this.#commit.run()
        return taken
      } catch (error) {
        throw rolledBack(this.#database, error)
      }
    } catch (error) {
      throw unavailable(TABLES.caller, this.#path, error)
    }
  }

  keysOf(owner: string): readonly string[] {
    try {
      return this.#keysOf.all(toText(owner), this.#now()).map((row) => fromText(row.key))
    } catch (error) {
      throw unavailable(TABLES.caller, this.#path, error)
    }
  }

  deleteAllOf(owner: string): number {
    try {
      const now = this.#now()
      return this.#deleteAllOf.all(toText(owner)).filter((row) => row.expires > now).length
    } catch (error) {
      throw unavailable(TABLES.caller, this.#path, error)
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#database.close()
  }

  #write(key: string, value: string, options: PutOptions, now: number): VersionRow[] {
    const { ttl, expected } = options
    const owner = options.owner === undefined ? null : toText(options.owner)
    if (expected === undefined) return this.#put.all(key, value, now + ttl, owner)
    if (expected === 0) return this.#create.all(key, value, now + ttl, owner, now)
    return this.#replace.all(value, now + ttl, owner, key, expected, now)
  }

  #peek(key: string, rate: Rate, cost: number): Taken {
    const now = this.#now()
    return pour(this.#level.get(key) ?? emptyBucket(rate, now), rate, cost, now)
  }

  #pourIn(key: string, rate: Rate, cost: number): Taken {
    const now = this.#now()
    const bucket = this.#level.get(key) ?? emptyBucket(rate, now)
    const taken = pour(bucket, rate, cost, now)
    if (taken.allowed) this.#pour.run(key, bucket.level, bucket.at, bucket.period, now + taken.resetAfter)
    return taken
  }

  /** Runs before a write and not after it: a write that has succeeded must not be reported as failed. */
  #sweep(): void {
    if (++this.#writes % SWEEP_EVERY !== 0) return
    this.#sweepers[this.#writes % (2 * SWEEP_EVERY) === 0 ? 0 : 1].step(this.#now())
  }
}
