import { refuseUnknown } from '../../core/unknown-key.ts'
import { Link } from '../../stores/remote/link.ts'
import { type KnownKeys, strangerIn } from '../../toolbox/known-keys.ts'
import type { AccountRow, PageQuery } from '../record.ts'
import type { AccountStore } from '../store.ts'
import { partOf, RemoteAccountStore, type Rows, type StoredRow, Unfit, undisturbed } from './remote/rows.ts'
import { parseTable } from './remote/table.ts'

const KNOWN: KnownKeys<MysqlAccountStoreOptions> = { table: true, deadline: true }

/** A promise pool of the package `mysql2`, or anything else with this method. */
export interface MysqlPool {
  query(query: MysqlQuery): Promise<[result: unknown, fields: unknown]>
}

export interface MysqlQuery {
  sql: string
  values: (Uint8Array | number | null)[]
  rowsAsArray: false
  nestTables: false
}

export interface MysqlAccountStoreOptions {
  /** The table, after its database if it is another than that of the pool: `'people.accounts'`. @default 'bulwark_accounts' */
  readonly table?: string
  /** How long each method may take, such as `'500ms'`; milliseconds when it is a number. @default '2s' */
  readonly deadline?: string | number
}

const AT = 'mysqlAccountStore(pool)'
const TABLE_AT = 'mysqlAccountStore(pool, { table })'

/**
 * Accounts in MariaDB (10.3 or newer) or MySQL (5.7 or newer), with the engine InnoDB. The app hands in the promise pool of `mysql2` that it
 * has; the store never connects, and never ends it. The table is made when it is missing: see {@link mysqlAccountSchema} to make it beforehand.
 * Each method is one statement.
 *
 * **Security**: all texts are columns of bytes, because the usual collations hold `a@x`, `á@x` and `A@x ` equal. They travel as bytes as well,
 * so that neither the character set of the connection nor its way of quoting matters. Leave `autocommit` on: without it nothing is kept.
 * @throws BulwarkError `BULWARK_POLICY_INVALID` or `BULWARK_DURATION_INVALID` for what cannot be used. Each method rejects with
 * `BULWARK_STORE_UNAVAILABLE` when it did not succeed within the deadline; a write may then have been carried out, as a whole or not at all.
 */
export function mysqlAccountStore(pool: MysqlPool, options: MysqlAccountStoreOptions = {}): AccountStore {
  refuseUnknown(strangerIn(options, KNOWN, 'mysqlAccountStore()'))
  const { table = 'bulwark_accounts', deadline = '2s' } = options
  const link = new Link({ at: AT, deadline, isAnswer: isMysqlAnswer })
  return new RemoteAccountStore('mysql', new MysqlRows(pool, parseTable(table, '`', TABLE_AT)), link)
}

/** The statement that makes the table, for a migration: the account of the app then needs no right to create any. */
export function mysqlAccountSchema(table = 'bulwark_accounts'): string {
  return toSchema(parseTable(table, '`', 'mysqlAccountSchema(table)'))
}

const DUPLICATE_ENTRY = 1062
const NO_SUCH_TABLE = 1146
/** Deadlock, which is also how a cluster says that another of its servers was first. */
const UNDONE = 1213

type Value = string | number | null

class MysqlRows implements Rows {
  readonly #pool: MysqlPool
  readonly #table: string
  #preparing: Promise<unknown> | undefined
  #isChecked = false

  constructor(pool: MysqlPool, table: string) {
    this.#pool = pool
    this.#table = table
  }

  async insert({ id, email, search, body, version }: AccountRow): Promise<boolean> {
    await this.#check()
    const sql = `INSERT INTO ${this.#table} (id, email, search, body, version) VALUES (?, ?, ?, ?, ?)`
    try {
      await this.#run(sql, id, email, search, body, version)
      return true
    } catch (error) {
      // INSERT IGNORE would ignore much more than this.
      if (partOf(error, 'errno') === DUPLICATE_ENTRY) return false
      throw error
    }
  }

  async byId(id: string): Promise<StoredRow | undefined> {
    return toRows(await this.#run(`SELECT id, body, version FROM ${this.#table} WHERE id = ?`, id))[0]
  }

  async byEmail(email: string): Promise<StoredRow | undefined> {
    return toRows(await this.#run(`SELECT id, body, version FROM ${this.#table} WHERE email = ?`, email))[0]
  }

  async replace(
    { id, email, search, body, version }: AccountRow,
    expected: number,
  ): Promise<'done' | 'conflict' | 'taken'> {
    await this.#check()
    const sql = `UPDATE ${this.#table} SET email = ?, search = ?, body = ?, version = ? WHERE id = ? AND version = ?`
    try {
      const result = await this.#run(sql, email, search, body, version, id, expected)
      return toCount(result) > 0 ? 'done' : 'conflict'
    } catch (error) {
      if (partOf(error, 'errno') === DUPLICATE_ENTRY) return 'taken'
      throw error
    }
  }

  async delete(id: string): Promise<boolean> {
    await this.#check()
    return toCount(await this.#run(`DELETE FROM ${this.#table} WHERE id = ?`, id)) > 0
  }

  async page({ limit, after, search }: PageQuery): Promise<readonly StoredRow[]> {
    // LOCATE and not LIKE: nothing that is searched for has a meaning.
    const beyond = after === undefined ? 'TRUE' : 'id < ?'
    const sql = `SELECT id, body, version FROM ${this.#table} WHERE ${beyond} AND (? = '' OR LOCATE(?, search) > 0) ORDER BY id DESC LIMIT ?`
    return toRows(await this.#run(sql, ...(after === undefined ? [] : [after]), search, search, limit))
  }

  async #run(sql: string, ...values: Value[]): Promise<unknown> {
    const ask = (): Promise<unknown> => undisturbed(isUndone, () => this.#query(sql, values))
    try {
      return await ask()
    } catch (error) {
      if (partOf(error, 'errno') !== NO_SUCH_TABLE) throw error
      // Once for all that wait for it.
      this.#preparing ??= this.#query(toSchema(this.#table), []).finally(() => {
        this.#preparing = undefined
      })
      await this.#preparing
      return ask()
    }
  }

  async #query(sql: string, values: readonly Value[]): Promise<unknown> {
    const bytes = values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value))
    const [result] = await this.#pool.query({ sql, values: bytes, rowsAsArray: false, nestTables: false })
    return result
  }

  /** Before the first write. Without autocommit each write would be answered, seen by nobody, and gone with its connection. */
  async #check(): Promise<void> {
    if (this.#isChecked) return
    const result = await this.#query('SELECT @@autocommit AS autocommit', [])
    if (Number(asRecord(Array.isArray(result) ? result[0] : undefined)['autocommit']) !== 1) {
      throw new Unfit('the connections of the pool have autocommit off, so nothing that is written would be kept')
    }
    this.#isChecked = true
  }
}

function toSchema(table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (
    id varbinary(1539) NOT NULL PRIMARY KEY, email varbinary(1024) UNIQUE, search mediumblob NOT NULL, body mediumblob NOT NULL,
    version bigint NOT NULL
  ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`
}

function toRows(result: unknown): readonly StoredRow[] {
  if (!Array.isArray(result)) throw new Error('the pool did not answer with rows')
  return result.map((row: unknown) => {
    const { id, body, version } = asRecord(row)
    return { id: String(id), body: String(body), version: Number(version) }
  })
}

function toCount(result: unknown): number {
  const count = asRecord(result)['affectedRows']
  if (typeof count !== 'number') throw new Error('the pool did not answer how many rows were changed')
  return count
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function isUndone(error: unknown): boolean {
  return partOf(error, 'errno') === UNDONE
}

/** Whether the server itself refuses the statement: only its errors have a state. */
function isMysqlAnswer(error: unknown): boolean {
  return error instanceof Unfit || typeof partOf(error, 'sqlState') === 'string'
}
