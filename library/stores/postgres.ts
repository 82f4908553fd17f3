import { createHash } from 'node:crypto'
import type { Entry, PutOptions, Rate, Store, Taken } from '../core/store.ts'
import { refuseUnknown } from '../core/unknown-key.ts'
import { type KnownKeys, strangerIn } from '../toolbox/known-keys.ts'
import { fromText, toText } from '../toolbox/storable-text.ts'
import { parseTables, toPreparation, toSchema } from './postgres/schema.ts'
import { type Statements, toStatements } from './postgres/statements.ts'
import { newVersion, toCost, toLifetime, toTaken } from './remote/arguments.ts'
import { Link } from './remote/link.ts'

const KNOWN: KnownKeys<PostgresStoreOptions> = { table: true, deadline: true, now: true }

/** A `Pool` of the package `pg`, or anything else with this method. */
export interface PostgresPool {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
}

export interface PostgresStoreOptions {
  /** What the names of the store's tables begin with, after a schema if there is one: `'security.bulwark'`. @default 'bulwark' */
  readonly table?: string
  /** How long each statement may take, such as `'500ms'`; milliseconds when it is a number. @default '500ms' */
  readonly deadline?: string | number
  /** Milliseconds since the epoch, for tests. @default the server's clock */
  readonly now?: () => number
}

/**
 * A store in PostgreSQL (11 or newer), shared by everything that uses the same tables. The app hands in the pool that it has; the store never
 * connects, and never ends it. It makes its tables when they are missing: see {@link postgresSchema} to make them beforehand.
 * Each method is one statement without any state of a session, so that PgBouncer may pool transactions.
 *
 * Throws `BulwarkError` `BULWARK_POLICY_INVALID` or `BULWARK_DURATION_INVALID` for what cannot be used. Each method rejects with
 * `BULWARK_STORE_UNAVAILABLE` when a statement did not succeed within the deadline; after five without an answer the server is left alone for
 * a second. Nothing has to be restarted when it is back.
 *
 * **Security**: limits are exact across processes, by the server's clock. What a method has answered survives a crash of the server, unless it
 * has `synchronous_commit` off. Do not hand in the connection of an open transaction: what is rolled back there was never taken from a limit.
 */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions = {}): Store {
  refuseUnknown(strangerIn(options, KNOWN, 'postgresStore()'))
  const { table = 'bulwark', deadline, now } = options
  const tables = parseTables(table)
  const link = new Link({ at: 'postgresStore(pool)', deadline, isAnswer: isPostgresAnswer })
  return new PostgresStore(pool, link, toStatements(tables), toPreparation(tables), now)
}

/** The statements that make the tables, for a migration: the account of the app then needs no right to create any. */
export function postgresSchema(table = 'bulwark'): string {
  return toSchema(parseTables(table))
}

/** How many writes lie between two steps of sweeping, which take turns with the tables. */
const SWEEP_EVERY = 32
/** The tables are gone: dropped, or another database has taken over. They are made anew. */
const UNDEFINED_TABLE = '42P01'

class PostgresStore implements Store {
  readonly name = 'postgres'
  readonly shared = true
  readonly #pool: PostgresPool
  readonly #link: Link
  readonly #statements: Statements
  readonly #preparation: string
  readonly #now: (() => number) | undefined
  #preparing: Promise<unknown> | undefined
  #isPrepared = false
  #writes = 0
  #sweeping: Promise<void> | undefined
  readonly #places: [entries: string, limits: string] = ['', '']

  constructor(
    pool: PostgresPool,
    link: Link,
    statements: Statements,
    preparation: string,
    now: (() => number) | undefined,
  ) {
    this.#pool = pool
    this.#link = link
    this.#statements = statements
    this.#preparation = preparation
    this.#now = now
  }

  async get(key: string): Promise<Entry | undefined> {
    const [row] = await this.#run(this.#statements.get, toId(key))
    return row && { value: fromText(String(row['value'])), version: Number(row['version']) }
  }

  async put(key: string, value: string, options: PutOptions): Promise<number | undefined> {
    const { expected, owner } = options
    const ttl = toLifetime(options.ttl)
    this.#sweep()
    const [id, version, text] = [toId(key), newVersion(), toText(value)]
    const holder = owner === undefined ? null : toId(owner)
    const { put, create, replace } = this.#statements
    const rows =
      expected === undefined || expected === 0
        ? await this.#run(expected === 0 ? create : put, id, toText(key), text, version, ttl, holder)
        : await this.#run(replace, id, text, version, ttl, holder, String(expected))
    return rows.length === 1 ? version : undefined
  }

  async delete(key: string): Promise<boolean> {
    const [row] = await this.#run(this.#statements.delete, toId(key))
    return row?.['live'] === 'true'
  }

  async take(key: string, rate: Rate, cost = 1): Promise<Taken> {
    const counted = toCost(rate, cost)
    if (counted > 0) this.#sweep()
    const [row] = await this.#run(this.#statements.take, toId(key), rate.burst, rate.period, counted)
    return toTaken(row?.['admitted'] === 'true', Number(row?.['level']), rate, counted)
  }

  async keysOf(owner: string): Promise<readonly string[]> {
    const rows = await this.#run(this.#statements.keysOf, toId(owner))
    return rows.map((row) => fromText(String(row['key'])))
  }

  async deleteAllOf(owner: string): Promise<number> {
    const rows = await this.#run(this.#statements.deleteAllOf, toId(owner))
    return rows.filter((row) => row['live'] === 'true').length
  }

  async close(): Promise<void> {
    await this.#sweeping
    this.#link.close()
  }

  async #run(text: string, ...values: (string | number | null)[]): Promise<Readonly<Record<string, unknown>>[]> {
    if (!this.#isPrepared) await this.#prepare()
    return this.#link.run(async () => {
      try {
        const { rows } = await this.#pool.query(text, [...values, this.#now ? this.#now() : null])
        return rows as Readonly<Record<string, unknown>>[]
      } catch (error) {
        if (codeOf(error) === UNDEFINED_TABLE) this.#isPrepared = false
        throw error
      }
    })
  }

  /** Once for all that wait for it. It goes on after their deadline: to start again each time would never end where it takes long. */
  async #prepare(): Promise<void> {
    await this.#link.run(() => {
      this.#preparing ??= this.#pool
        .query(this.#preparation, [])
        .then(() => {
          this.#isPrepared = true
        })
        .finally(() => {
          this.#preparing = undefined
        })
      return this.#preparing
    })
  }

  /** Beside the writes, which need not wait for it. A step that fails is made up for by the next round, and the link has taken notice. */
  #sweep(): void {
    if (++this.#writes % SWEEP_EVERY !== 0 || this.#sweeping) return
    const table = this.#writes % (2 * SWEEP_EVERY) === 0 ? 0 : 1
    const text = table === 0 ? this.#statements.sweepEntries : this.#statements.sweepLimits
    this.#sweeping = this.#run(text, this.#places[table])
      .then(([row]) => {
        const last = row?.['last']
        this.#places[table] = typeof last === 'string' ? last : ''
      })
      .catch(() => undefined)
      .finally(() => {
        this.#sweeping = undefined
      })
  }
}

/** 128 bits would do; all are kept, so that nobody has to prove it. */
function toId(text: string): string {
  return createHash('sha256').update(toText(text)).digest('base64url')
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** Whether the server itself refuses the statement: only its errors have a severity. */
function isPostgresAnswer(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && 'code' in error
}
