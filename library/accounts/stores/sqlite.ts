import { BulwarkError } from '../../core/errors.ts'
import { refuseUnknown } from '../../core/unknown-key.ts'
import { type Database, openDatabase, type Statement, type Tables, unavailable } from '../../stores/sqlite/database.ts'
import { parseDuration } from '../../toolbox/duration.ts'
import { type KnownKeys, strangerIn } from '../../toolbox/known-keys.ts'
import { type AccountRow, fromRow, toEmailColumn, toIdColumn, toPageQuery, toRow } from '../record.ts'
import type { Account, AccountPage, AccountStore, NewAccount } from '../store.ts'

const KNOWN: KnownKeys<SqliteAccountStoreOptions> = { busyTimeout: true }

export interface SqliteAccountStoreOptions {
  /** How long a write waits while another process writes. The event loop waits with it. @default '1s' */
  readonly busyTimeout?: string | number
}

const TABLES: Tables = {
  caller: 'sqliteAccountStore',
  versionTable: 'bulwark_accounts_schema',
  version: 1,
  sql: `
    CREATE TABLE bulwark_accounts (
      id TEXT NOT NULL PRIMARY KEY, email TEXT UNIQUE, search TEXT NOT NULL, body TEXT NOT NULL, version INTEGER NOT NULL
    ) WITHOUT ROWID;
  `,
  synchronous: 'FULL',
}

type Row = Pick<AccountRow, 'id' | 'body' | 'version'>

/**
 * Accounts in a SQLite file, which may be that of the app or of `sqliteStore()`. Answers at once, never with a promise. Uses `node:sqlite` where
 * Node.js has it, otherwise the package `@photostructure/sqlite`.
 *
 * **Security**: what a method has answered survives a power cut. A new file is readable for its owner only. It must be on a local disk:
 * locks of network file systems do not hold.
 * @throws BulwarkError `BULWARK_STORE_UNAVAILABLE`, here and in each method, when the file cannot be used or stays locked
 */
export function sqliteAccountStore(path: string, options: SqliteAccountStoreOptions = {}): AccountStore {
  refuseUnknown(strangerIn(options, KNOWN, 'sqliteAccountStore()'))
  const timeout = parseDuration(options.busyTimeout ?? '1s')
  if (timeout === undefined) {
    throw new BulwarkError('BULWARK_DURATION_INVALID', 'this is no time to wait', {
      at: 'sqliteAccountStore(path, { busyTimeout })',
      fix: "write it like '500ms' or '2s'",
    })
  }
  if (typeof path !== 'string' || path === '') {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a SQLite store needs the path of its file', {
      at: 'sqliteAccountStore(path)',
      fix: "name a file, as in sqliteAccountStore('journal.db')",
    })
  }
  return new SqliteAccountStore(path, openDatabase(path, timeout, TABLES))
}

class SqliteAccountStore implements AccountStore {
  readonly name = 'sqlite'
  readonly #path: string
  readonly #database: Database
  readonly #create: Statement<{ id: string }>
  readonly #get: Statement<Row>
  readonly #getByEmail: Statement<Row>
  readonly #change: Statement<{ id: string }>
  readonly #remove: Statement<{ id: string }>
  readonly #list: Statement<Row>
  #closed = false

  constructor(path: string, database: Database) {
    this.#path = path
    this.#database = database
    const columns = 'SELECT id, body, version FROM bulwark_accounts'
    this.#create = database.prepare(
      'INSERT INTO bulwark_accounts (id, email, search, body, version) VALUES (?, ?, ?, ?, 1) ON CONFLICT DO NOTHING RETURNING id',
    )
    this.#get = database.prepare(`${columns} WHERE id = ?`)
    this.#getByEmail = database.prepare(`${columns} WHERE email = ?`)
    this.#change = database.prepare(
      'UPDATE bulwark_accounts SET email = ?, search = ?, body = ?, version = ? WHERE id = ? AND version = ? RETURNING id',
    )
    this.#remove = database.prepare('DELETE FROM bulwark_accounts WHERE id = ? RETURNING id')
    this.#list = database.prepare(
      `${columns} WHERE (?1 IS NULL OR id < ?1) AND instr(search, ?2) > 0 ORDER BY id DESC LIMIT ?3`,
    )
  }

  create(account: NewAccount): Account | undefined {
    const row = toRow(account, 1)
    // `all` and not `get`: a row that RETURNING hands out is committed only when the statement has run to its end.
    const made = this.#ask(() => this.#create.all(row.id, row.email, row.search, row.body))
    return made.length === 0 ? undefined : fromRow(row)
  }

  get(id: string): Account | undefined {
    const row = this.#ask(() => this.#get.all(toIdColumn(id)))[0]
    return row && fromRow(row)
  }

  getByEmail(email: string): Account | undefined {
    const row = this.#ask(() => this.#getByEmail.all(toEmailColumn(email)))[0]
    return row && fromRow(row)
  }

  change(account: Account): Account | 'conflict' | 'taken' {
    const row = toRow(account, account.version + 1)
    const { id, email, search, body, version } = row
    const changed = this.#ask(() => {
      try {
        return this.#change.all(email, search, body, version, id, account.version)
      } catch (error) {
        if (isTaken(error)) return 'taken'
        throw error
      }
    })
    if (changed === 'taken') return changed
    return changed.length === 0 ? 'conflict' : fromRow(row)
  }

  remove(id: string): boolean {
    return this.#ask(() => this.#remove.all(toIdColumn(id))).length > 0
  }

  list(page: AccountPage): readonly Account[] {
    const { limit, after = null, search } = toPageQuery(page)
    // An empty text is found at place 1 of every other, so it asks for nothing.
    return this.#ask(() => this.#list.all(after, search, limit)).map(fromRow)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#database.close()
  }

  #ask<T>(question: () => T): T {
    try {
      return question()
    } catch (error) {
      throw unavailable(TABLES.caller, this.#path, error)
    }
  }
}

/** The packages differ in which properties their errors have; the message is SQLite's own. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && error.message.includes('UNIQUE constraint failed: bulwark_accounts.email')
}
