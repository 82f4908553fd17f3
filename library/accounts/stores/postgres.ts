import { refuseUnknown } from '../../core/unknown-key.ts'
import { Link } from '../../stores/remote/link.ts'
import { type KnownKeys, strangerIn } from '../../toolbox/known-keys.ts'
import type { AccountRow, PageQuery } from '../record.ts'
import type { AccountStore } from '../store.ts'
import { partOf, RemoteAccountStore, type Rows, type StoredRow, undisturbed } from './remote/rows.ts'
import { parseTable } from './remote/table.ts'

const KNOWN: KnownKeys<PostgresAccountStoreOptions> = { table: true, deadline: true }

/** A `Pool` of the package `pg`, or anything else with this method. */
export interface PostgresPool {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
}

export interface PostgresAccountStoreOptions {
  /** The table, after its schema if there is one: `'people.accounts'`. @default 'bulwark_accounts' */
  readonly table?: string
  /** How long each method may take, such as `'500ms'`; milliseconds when it is a number. @default '2s' */
  readonly deadline?: string | number
}

const AT = 'postgresAccountStore(pool)'
const TABLE_AT = 'postgresAccountStore(pool, { table })'

/**
 * Accounts in PostgreSQL (11 or newer). The app hands in the pool that it has; the store never connects, and never ends it. The table is made
 * when it is missing: see {@link postgresAccountSchema} to make it beforehand. Each method is one statement without any state of a session, so
 * that PgBouncer may pool transactions.
 *
 * **Security**: what a method has answered survives a crash of the server, unless it has `synchronous_commit` off. Do not hand in a replica, or
 * the connection of an open transaction: who reads there may see an account as it was.
 * @throws BulwarkError `BULWARK_POLICY_INVALID` or `BULWARK_DURATION_INVALID` for what cannot be used. Each method rejects with
 * `BULWARK_STORE_UNAVAILABLE` when it did not succeed within the deadline; a write may then have been carried out, as a whole or not at all.
 */
export function postgresAccountStore(pool: PostgresPool, options: PostgresAccountStoreOptions = {}): AccountStore {
  refuseUnknown(strangerIn(options, KNOWN, 'postgresAccountStore()'))
  const { table = 'bulwark_accounts', deadline = '2s' } = options
  const link = new Link({ at: AT, deadline, isAnswer: isPostgresAnswer })
  return new RemoteAccountStore('postgres', new PostgresRows(pool, parseTable(table, '"', TABLE_AT)), link)
}

/** The statement that makes the table, for a migration: the account of the app then needs no right to create any. */
export function postgresAccountSchema(table = 'bulwark_accounts'): string {
  return toSchema(parseTable(table, '"', 'postgresAccountSchema(table)'))
}

const UNIQUE_VIOLATION = '23505'
const UNDEFINED_TABLE = '42P01'
/** Could not serialize, which is for transactions stricter than the default, and deadlock. */
const UNDONE: readonly unknown[] = ['40001', '40P01']

class PostgresRows implements Rows {
  readonly #pool: PostgresPool
  readonly #table: string
  #preparing: Promise<unknown> | undefined

  constructor(pool: PostgresPool, table: string) {
    this.#pool = pool
    this.#table = table
  }

  async insert({ id, email, search, body, version }: AccountRow): Promise<boolean> {
    const text = `INSERT INTO ${this.#table} (id, email, search, body, version) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING id`
    return (await this.#run(text, id, email, search, body, version)).length > 0
  }

  async byId(id: string): Promise<StoredRow | undefined> {
    return (await this.#run(`SELECT id, body, version FROM ${this.#table} WHERE id = $1`, id))[0]
  }

  async byEmail(email: string): Promise<StoredRow | undefined> {
    return (await this.#run(`SELECT id, body, version FROM ${this.#table} WHERE email = $1`, email))[0]
  }

  async replace(
    { id, email, search, body, version }: AccountRow,
    expected: number,
  ): Promise<'done' | 'conflict' | 'taken'> {
    const text = `UPDATE ${this.#table} SET email = $1, search = $2, body = $3, version = $4 WHERE id = $5 AND version = $6 RETURNING id`
    try {
      const rows = await this.#run(text, email, search, body, version, id, expected)
      return rows.length > 0 ? 'done' : 'conflict'
    } catch (error) {
      if (partOf(error, 'code') === UNIQUE_VIOLATION) return 'taken'
      throw error
    }
  }

  async delete(id: string): Promise<boolean> {
    return (await this.#run(`DELETE FROM ${this.#table} WHERE id = $1 RETURNING id`, id)).length > 0
  }

  page({ limit, after, search }: PageQuery): Promise<readonly StoredRow[]> {
    // `strpos` and not LIKE: nothing that is searched for has a meaning.
    const where = "($1::text IS NULL OR id < $1) AND ($2 = '' OR strpos(search, $2) > 0)"
    const text = `SELECT id, body, version FROM ${this.#table} WHERE ${where} ORDER BY id DESC LIMIT $3`
    return this.#run(text, after ?? null, search, limit)
  }

  async #run(text: string, ...values: (string | number | null)[]): Promise<readonly StoredRow[]> {
    const ask = async (): Promise<readonly StoredRow[]> => {
      const { rows } = await undisturbed(isUndone, () => this.#pool.query(text, values))
      return rows as readonly StoredRow[]
    }
    try {
      return await ask()
    } catch (error) {
      if (partOf(error, 'code') !== UNDEFINED_TABLE) throw error
      await this.#prepare()
      return ask()
    }
  }

  /** Once for all that wait for it. Of two processes one waits: by itself, `IF NOT EXISTS` fails for whoever looks while the other creates. */
  async #prepare(): Promise<void> {
    const lock = `pg_advisory_xact_lock(hashtext('bulwark'), hashtext('${this.#table}'))`
    const text = `DO $bulwark$ BEGIN PERFORM ${lock}; ${toSchema(this.#table)} END $bulwark$`
    this.#preparing ??= this.#pool.query(text, []).finally(() => {
      this.#preparing = undefined
    })
    await this.#preparing
  }
}

/** Everything is compared byte by byte: a collation of a language may hold two addresses equal that are two people's. */
function toSchema(table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (
    id text COLLATE "C" PRIMARY KEY, email text COLLATE "C" UNIQUE, search text COLLATE "C" NOT NULL, body text NOT NULL,
    version bigint NOT NULL
  );`
}

function isUndone(error: unknown): boolean {
  return UNDONE.includes(partOf(error, 'code'))
}

/** Whether the server itself refuses the statement: only its errors have a severity. */
function isPostgresAnswer(error: unknown): boolean {
  return partOf(error, 'severity') !== undefined
}
