import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { BulwarkError } from '../../core/errors.ts'

/** The part of `node:sqlite` that the store uses; `@photostructure/sqlite` has the same. */
export interface Database {
  exec(sql: string): void
  prepare<Row = never>(sql: string): Statement<Row>
  close(): void
}

export interface Statement<Row> {
  get(...values: Bound[]): Row | undefined
  all(...values: Bound[]): Row[]
  run(...values: Bound[]): unknown
}

export type Bound = string | number | null

type DatabaseClass = new (path: string) => Database

/** What is kept in the file, and who asks: the name in error messages. */
export interface Tables {
  readonly caller: string
  /** The table that says which version the others have: each kind of store has its own, as one file may hold several. */
  readonly versionTable: string
  readonly version: number
  readonly sql: string
  /** `FULL` keeps what was committed through a power cut, for the price of waiting for the disk at each write. */
  readonly synchronous: 'NORMAL' | 'FULL'
}

/** Opens the file and makes or checks its tables. Throws `BulwarkError` `BULWARK_STORE_UNAVAILABLE` when that cannot be done. */
export function openDatabase(path: string, busyTimeout: number, tables: Tables): Database {
  const DatabaseSync = loadDatabaseClass()
  let database: Database | undefined
  try {
    // Sessions are in it: created for this account only. SQLite gives its side files the same mode.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600))
    database = new DatabaseSync(path)
    database.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
    startWriteAheadLog(database, busyTimeout)
    // Safe against the end of the process either way; with NORMAL a power cut may lose the last transactions, and never damages the file.
    database.exec(`PRAGMA synchronous = ${tables.synchronous}`)
    prepareTables(database, path, tables)
    return database
  } catch (error) {
    database?.close()
    throw error instanceof BulwarkError ? error : unavailable(tables.caller, path, error)
  }
}

/** The error for everything that SQLite refuses. */
export function unavailable(caller: string, path: string, cause: unknown): BulwarkError {
  const fix = isBusy(cause)
    ? 'another program kept the database locked for longer than `busyTimeout`: keep its transactions short'
    : 'check that it is a database on a local disk which this account may write, and that the disk is not full'
  const what = `the SQLite store failed${cause instanceof Error ? `: ${cause.message}` : ''}`
  return new BulwarkError('BULWARK_STORE_UNAVAILABLE', what, { at: `${caller}(${JSON.stringify(path)})`, fix, cause })
}

/** Takes the open transaction back, and answers the error to throw. */
export function rolledBack(database: Database, error: unknown): unknown {
  try {
    database.exec('ROLLBACK')
  } catch (second) {
    // After some errors, such as a full disk, SQLite has rolled back by itself.
    if (!String(second).includes('no transaction is active')) return new AggregateError([error, second], String(error))
  }
  return error
}

/**
 * Finds the class `DatabaseSync`: Node's own where it has one, otherwise the package's.
 * `builtin` and `require` answer or throw as Node's do.
 */
export function loadDatabaseClass(
  builtin: (name: string) => unknown = process.getBuiltinModule,
  require: (name: string) => unknown = createRequire(import.meta.url),
): DatabaseClass {
  const own = databaseClassOf(builtin('node:sqlite'))
  if (own) return own
  let cause: unknown
  try {
    const installed = databaseClassOf(require('@photostructure/sqlite'))
    if (installed) return installed
  } catch (error) {
    cause = error
  }
  throw new BulwarkError('BULWARK_STORE_UNAVAILABLE', 'there is no SQLite in this Node.js', {
    at: 'sqliteStore()',
    fix: 'run `npm install @photostructure/sqlite@1`, or use Node.js 22.13 or newer, which has its own',
    cause,
  })
}

function databaseClassOf(module: unknown): DatabaseClass | undefined {
  if (typeof module !== 'object' || module === null || !('DatabaseSync' in module)) return undefined
  return typeof module.DatabaseSync === 'function' ? (module.DatabaseSync as DatabaseClass) : undefined
}

/** Changing the journal mode needs the file alone and does not wait for it: processes that start together meet here. */
function startWriteAheadLog(database: Database, busyTimeout: number): void {
  const deadline = performance.now() + busyTimeout
  for (;;) {
    try {
      const mode = database.prepare<{ journal_mode: string }>('PRAGMA journal_mode = WAL').all()[0]?.journal_mode
      if (mode === 'wal' || mode === 'memory') return
      throw new Error(`the journal mode is ${String(mode)} and not WAL`)
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

function prepareTables(database: Database, path: string, tables: Tables): void {
  const { versionTable } = tables
  database.exec('BEGIN IMMEDIATE')
  try {
    // The file may be the app's own database as well: its `user_version` is not ours to use.
    database.exec(`CREATE TABLE IF NOT EXISTS ${versionTable} (version INTEGER NOT NULL)`)
    const version = database.prepare<{ version: number }>(`SELECT version FROM ${versionTable}`).all()[0]?.version
    if (version === undefined) {
      database.exec(tables.sql)
      database.prepare(`INSERT INTO ${versionTable} (version) VALUES (?)`).run(tables.version)
    } else if (version !== tables.version) throw otherVersion(path, version, tables)
    database.exec('COMMIT')
  } catch (error) {
    // Closing does not end it: the package keeps a connection alive as long as its statements are.
    throw rolledBack(database, error)
  }
}

function otherVersion(path: string, version: number, { version: own, caller }: Tables): BulwarkError {
  return new BulwarkError('BULWARK_STORE_UNAVAILABLE', `the tables have version ${version}, not ${own}`, {
    at: `${caller}(${JSON.stringify(path)})`,
    fix: 'run the version of Bulwark that wrote them, or give this one another file',
  })
}

function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // The low byte is SQLITE_BUSY (5) or SQLITE_LOCKED (6), the rest says why. The package leaves the number out of the errors of `all`.
  const code = 'errcode' in error ? Number(error.errcode) & 0xff : 0
  return code === 5 || code === 6 || /\b(?:is|are) locked\b/.test(error.message)
}
