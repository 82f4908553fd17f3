import { BulwarkError } from '../../../core/errors.ts'
import type { Mode } from '../../../core/policy.ts'
import { refuseUnknown } from '../../../core/unknown-key.ts'
import { attempt, consult } from '../../../firewall/consult.ts'
import { startCarrying } from '../../../firewall/context.ts'
import { type DriverKind, driverKindOf } from '../../../firewall/drivers/kinds.ts'
import { guardMariadbConnection, guardMariadbModule, guardMariadbPool } from '../../../firewall/drivers/mariadb.ts'
import type { Reading } from '../../../firewall/drivers/modes.ts'
import { guardMssqlModule, guardTediousModule } from '../../../firewall/drivers/mssql.ts'
import { guardMysqlConnection, guardMysqlModule, guardMysqlPool } from '../../../firewall/drivers/mysql.ts'
import { guardPgClient, guardPgModule, guardPgPool } from '../../../firewall/drivers/pg.ts'
import { guardMethods, guardSqlite, guardSqliteModule } from '../../../firewall/drivers/plain.ts'
import { guardPostgres } from '../../../firewall/drivers/postgres.ts'
import type { Inspector } from '../../../firewall/drivers/wrap.ts'
import { shared } from '../../../firewall/shared.ts'
import { type KnownKeys, strangerIn } from '../../../toolbox/known-keys.ts'
import { DIALECTS, type Dialect, grammarOf, type SqlModes } from '../judge/dialect.ts'
import { StoredTexts } from '../judge/stored.ts'
import { type SqlSink, sqlSink } from './sink.ts'

const KNOWN: KnownKeys<DatabaseOptions> = {
  dialect: true,
  mode: true,
  modes: { backslash: true, ansiQuotes: true },
  methods: true,
}

export interface DatabaseOptions {
  /** @default what the driver speaks */
  readonly dialect?: Dialect
  /**
   * `observe` reports what would have been stopped and lets it pass.
   * @default the mode of the policy that the request came through
   */
  readonly mode?: Mode
  /**
   * How the server reads text.
   * @default what its connections say, which they are asked once
   */
  readonly modes?: SqlModes
  /**
   * For drivers that are not known: the methods of `database` whose first argument is the text that is run, such as
   * `guardDatabase(Driver.prototype, { dialect: 'tsql', methods: ['query', 'batch'] })`.
   */
  readonly methods?: readonly string[]
}

const DIALECT_OF: Readonly<Record<DriverKind, Dialect>> = {
  pg: 'postgres',
  'pg-pool': 'postgres',
  'pg-client': 'postgres',
  postgres: 'postgres',
  mysql: 'mysql',
  'mysql-pool': 'mysql',
  'mysql-connection': 'mysql',
  mariadb: 'mysql',
  'mariadb-pool': 'mysql',
  'mariadb-connection': 'mysql',
  sqlite: 'sqlite',
  'sqlite-class': 'sqlite',
  tedious: 'tsql',
  mssql: 'tsql',
}

/** One sink for each grammar: what one pool has learned about the app's statements, the next one knows. */
const { sinks, stored } = shared('sql-injection', () => ({
  sinks: new Map<string, SqlSink>(),
  stored: new StoredTexts(),
}))

/**
 * Stops queries in which something that the client of the current request sent would run as code. Answers the same object.
 *
 * Takes a pool, client or connection of `pg`, `mysql2` or `mariadb`, what `postgres()` made, a database like `node:sqlite`,
 * `better-sqlite3`, `libsql` or `sqlite3`, or one of these modules or `mssql` or `tedious` as a whole: `guardDatabase(pg)` covers whatever
 * uses it, such as Knex, Sequelize, TypeORM, Drizzle, Kysely or an adapter of Prisma.
 * A stopped query fails the way the driver's own errors do, with a `BlockedError` that is answered with 403.
 *
 * **Security**: only queries of requests that came through Bulwark are judged (CWE-89, ASVS 1.2.4). A query whose values are
 * parameters is never stopped; write those with `sql`.
 * @throws BulwarkError `BULWARK_ADAPTER_MISUSED` when it is no database that is known
 */
export function guardDatabase<T extends object>(database: T, options: DatabaseOptions = {}): T {
  refuseUnknown(strangerIn(options, KNOWN, 'guardDatabase()'))
  const { methods, mode, modes } = options
  const kind = methods === undefined ? driverKindOf(database) : undefined
  const dialect = options.dialect ?? (kind && DIALECT_OF[kind])
  if (dialect === undefined || !DIALECTS.includes(dialect)) {
    throw misused('what it was given is no database that Bulwark knows')
  }
  const inspector = inspectorOf(dialect, modes, mode)
  if (methods !== undefined) {
    if (guardMethods(database, methods, inspector) < methods.length) throw misused('it has no such method to guard')
  } else put(database, kind as DriverKind, inspector)
  startCarrying()
  return database
}

/** What drivers are to tell, for one kind of database. */
export function inspectorOf(dialect: Dialect, modes?: SqlModes, mode?: Mode): Inspector {
  const usual = sinkFor(dialect, modes)
  return {
    text(sql, written, known) {
      const sink = modes === undefined && known !== undefined ? sinkOf(dialect, known.reading) : usual
      consult(sink, { sql, written, isSure: modes !== undefined || known?.isSure === true }, mode)
    },
    bound: (values) => attempt(usual.name, () => usual.remember(values)),
  }
}

function put(database: object, kind: DriverKind, inspector: Inspector): void {
  const guards: Readonly<Record<DriverKind, (database: object, inspector: Inspector) => boolean | void>> = {
    pg: guardPgModule,
    'pg-pool': guardPgPool,
    'pg-client': guardPgClient,
    postgres: guardPostgres,
    mysql: guardMysqlModule,
    'mysql-pool': guardMysqlPool,
    'mysql-connection': guardMysqlConnection,
    mariadb: guardMariadbModule,
    'mariadb-pool': guardMariadbPool,
    'mariadb-connection': guardMariadbConnection,
    sqlite: guardSqlite,
    'sqlite-class': guardSqliteModule,
    tedious: guardTediousModule,
    mssql: guardMssqlModule,
  }
  if (guards[kind](database, inspector) === false) throw misused('what it was given is sealed')
}

/** The same without making a key for each statement. */
const ofReadings = new Map<Dialect, (SqlSink | undefined)[]>()

function sinkOf(dialect: Dialect, { backslash, ansiQuotes }: Reading): SqlSink {
  let list = ofReadings.get(dialect)
  if (list === undefined) ofReadings.set(dialect, (list = []))
  return (list[(backslash ? 2 : 0) + (ansiQuotes ? 1 : 0)] ??= sinkFor(dialect, { backslash, ansiQuotes }))
}

function sinkFor(dialect: Dialect, modes: SqlModes = {}): SqlSink {
  const grammar = grammarOf(dialect, modes)
  const key = `${dialect} ${grammar.backslash} ${grammar.quotesIdentifiers}`
  let sink = sinks.get(key)
  if (sink === undefined) {
    sink = sqlSink(grammar, stored)
    sinks.set(key, sink)
  }
  return sink
}

function misused(what: string): BulwarkError {
  return new BulwarkError('BULWARK_ADAPTER_MISUSED', `guardDatabase(): ${what}`, {
    fix: 'give it a pool or connection of your driver, or { dialect, methods } when the driver is not known',
  })
}
