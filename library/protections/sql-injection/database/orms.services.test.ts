import { createRequire } from 'node:module'
import { PrismaPg } from '@prisma/adapter-pg'
import { sql as drizzleSql } from 'drizzle-orm'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js'
import knex from 'knex'
import Libsql from 'libsql'
import mariadb from 'mariadb'
import mariadbCallbacks from 'mariadb/callback'
import mssql from 'mssql'
import mysql from 'mysql2'
import pg from 'pg'
import postgres from 'postgres'
import { QueryTypes, Sequelize } from 'sequelize'
import tedious from 'tedious'
import { DataSource } from 'typeorm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { guardDatabase } from '../index.ts'
import { EVIL, holds, serve } from './test-app.ts'

const { BULWARK_TEST_PG_URL = '', BULWARK_TEST_MYSQL_URL = '' } = process.env
const text = (name: string): string => `SELECT name FROM people_orm_test WHERE name = '${name}'`
/** Texts that are values, whatever they look like. */
const HONEST = ['ann', "O'Brien", EVIL, '\\', "\\' or 1=1 -- ", '"quoted"', "''; DROP TABLE people_orm_test; --"]

/** Holds that values which the library writes or binds pass, whatever they are. */
async function passes(answer: (name: string) => Promise<unknown>): Promise<void> {
  const app = await serve(answer)
  try {
    for (const name of HONEST) {
      const expected = name === 'ann' ? '[{"name":"ann"}]' : '[]'
      expect(await app.ask(name), name).toEqual({ status: 200, text: expected })
    }
    expect(app.events).toEqual([])
  } finally {
    await app.close()
  }
}

describe.runIf(BULWARK_TEST_PG_URL !== '')('over PostgreSQL', () => {
  const own = new pg.Client({ connectionString: BULWARK_TEST_PG_URL })
  beforeAll(async () => {
    guardDatabase(pg)
    await own.connect()
    await own.query('DROP TABLE IF EXISTS people_orm_test')
    await own.query('CREATE TABLE people_orm_test (name text)')
    await own.query("INSERT INTO people_orm_test VALUES ('ann'), ('bob')")
  })
  afterAll(async () => {
    await own.query('DROP TABLE people_orm_test')
    await own.end()
  })

  describe('postgres.js', () => {
    const sql = guardDatabase(postgres(BULWARK_TEST_PG_URL, { max: 1, onnotice: () => {} }))
    afterAll(() => sql.end())

    test('text that is run as it is', () => holds((name) => sql.unsafe(text(name))))
    test('text inside of a template', () =>
      holds((name) => sql`SELECT name FROM people_orm_test WHERE ${sql.unsafe(`name = '${name}'`)}`))
    test('text inside of a fragment of a template', () =>
      holds((name) => {
        const where = sql`WHERE ${sql.unsafe(`name = '${name}'`)}`
        return sql`SELECT name FROM people_orm_test ${where}`
      }))
    test('a transaction', () => holds((name) => sql.begin(async (one) => [...(await one.unsafe(text(name)))])))
    test('a connection of its own', () =>
      holds(async (name) => {
        const one = await sql.reserve()
        try {
          return await one.unsafe(text(name))
        } finally {
          one.release()
        }
      }))
    test('a cursor', () =>
      holds(async (name) => {
        const found: unknown[] = []
        for await (const rows of sql.unsafe(text(name)).cursor(10)) found.push(...rows)
        return found
      }))
    test('values', () => passes((name) => sql`SELECT name FROM people_orm_test WHERE name = ${name}`))
    test('values behind text', () =>
      passes((name) => sql.unsafe('SELECT name FROM people_orm_test WHERE name = $1', [name])))
    test('columns and lists by helpers', () =>
      passes((name) => sql`SELECT ${sql('name')} FROM people_orm_test WHERE name IN ${sql([name, 'zoe'])}`))
    test('a query that fails by itself fails as ever', async () => {
      const app = await serve(async () => sql.unsafe('SELECT nothing'))
      expect((await app.ask('x')).status).toBe(500)
      await app.close()
    })
    test('Drizzle', async () => {
      const db = drizzlePostgres(sql)
      await holds((name) => db.execute(drizzleSql.raw(text(name))))
      await passes((name) => db.execute(drizzleSql`SELECT name FROM people_orm_test WHERE name = ${name}`))
    })
  })

  test('Drizzle over pg', async () => {
    const pool = new pg.Pool({ connectionString: BULWARK_TEST_PG_URL, max: 1 })
    const db = drizzlePg(pool)
    await holds(async (name) => (await db.execute(drizzleSql.raw(text(name)))).rows)
    await passes(
      async (name) => (await db.execute(drizzleSql`SELECT name FROM people_orm_test WHERE name = ${name}`)).rows,
    )
    await pool.end()
  })

  test('Knex', async () => {
    const db = knex({ client: 'pg', connection: BULWARK_TEST_PG_URL, pool: { min: 0, max: 1 } })
    await holds(async (name) => (await db.raw(text(name))).rows)
    await holds((name) => db('people_orm_test').select('name').whereRaw(`name = '${name}'`))
    await passes((name) => db('people_orm_test').select('name').where({ name }))
    await passes(async (name) => (await db.raw('SELECT name FROM people_orm_test WHERE name = ?', [name])).rows)
    await db.destroy()
  })

  test('Sequelize', async () => {
    const db = new Sequelize(BULWARK_TEST_PG_URL, { logging: false, pool: { max: 1 } })
    await holds((name) => db.query(text(name), { type: QueryTypes.SELECT }))
    const byName = 'SELECT name FROM people_orm_test WHERE name = :name'
    await passes((name) => db.query(byName, { type: QueryTypes.SELECT, replacements: { name } }))
    await passes((name) => db.query(byName.replace(':', '$'), { type: QueryTypes.SELECT, bind: { name } }))
    await db.close()
  })

  test('TypeORM', async () => {
    const db = await new DataSource({ type: 'postgres', url: BULWARK_TEST_PG_URL }).initialize()
    await holds((name) => db.query(text(name)))
    await holds((name) =>
      db
        .createQueryBuilder()
        .select('name', 'name')
        .from('people_orm_test', 'p')
        .where(`name = '${name}'`)
        .getRawMany(),
    )
    await passes((name) => db.query('SELECT name FROM people_orm_test WHERE name = $1', [name]))
    await passes((name) =>
      db.createQueryBuilder().select('name').from('people_orm_test', 'p').where('name = :name', { name }).getRawMany(),
    )
    await db.destroy()
  })

  test("Prisma's adapter", async () => {
    const db = await new PrismaPg({ connectionString: BULWARK_TEST_PG_URL }).connect()
    const run = async (sql: string, ...args: string[]): Promise<unknown> => {
      const argTypes = args.map(() => ({ scalarType: 'string', arity: 'scalar' }) as const)
      const { rows } = await db.queryRaw({ sql, args, argTypes })
      return rows.map(([name]) => ({ name }))
    }
    await holds((name) => run(text(name)))
    await passes((name) => run('SELECT name FROM people_orm_test WHERE name = $1', name))
    await db.dispose()
  })
})

describe.runIf(BULWARK_TEST_MYSQL_URL !== '')('over MariaDB', () => {
  const url = BULWARK_TEST_MYSQL_URL.replace('mysql:', 'mariadb:')
  const own = mysql.createPool({ uri: BULWARK_TEST_MYSQL_URL, connectionLimit: 1 }).promise()
  beforeAll(async () => {
    guardDatabase(mysql)
    await own.query('DROP TABLE IF EXISTS people_orm_test')
    await own.query('CREATE TABLE people_orm_test (name varchar(200))')
    await own.query("INSERT INTO people_orm_test VALUES ('ann'), ('bob')")
  })
  afterAll(async () => {
    await own.query('DROP TABLE people_orm_test')
    await own.end()
  })

  describe('the connector of MariaDB', () => {
    const pool = guardDatabase(mariadb.createPool(url))
    afterAll(() => pool.end())

    test('a pool', () => holds((name) => pool.query(text(name))))
    test('a statement that is prepared', () => holds((name) => pool.execute({ sql: text(name) })))
    test('a connection that the pool lends', () =>
      holds(async (name) => {
        const connection = await pool.getConnection()
        try {
          return await connection.query(text(name))
        } finally {
          await connection.release()
        }
      }))
    test('a stream', () =>
      holds(async (name) => {
        const connection = await pool.getConnection()
        try {
          return await connection.queryStream(text(name)).toArray()
        } finally {
          await connection.release()
        }
      }))
    test('values that are written into the text', () =>
      passes((name) => pool.query('SELECT name FROM people_orm_test WHERE name = ?', [name])))
    test('values that are bound', () =>
      passes((name) => pool.execute('SELECT name FROM people_orm_test WHERE name = ?', [name])))
    test('a connection of its own', async () => {
      const connection = guardDatabase(await mariadb.createConnection(url))
      await holds((name) => connection.query(text(name)))
      await connection.end()
    })
    test('many requests that wait for one connection are each judged by what they sent', async () => {
      const one = guardDatabase(mariadb.createPool({ ...mariadbOptions(url), connectionLimit: 1 }))
      const app = await serve((name) => one.query(text(name)))
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => app.ask(i % 2 === 0 ? 'ann' : `${EVIL}${i}`).then(({ status }) => status)),
      )
      expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 200 : 403)))
      await app.close()
      await one.end()
    })
    test('the kind with callbacks', async () => {
      const callbacks = guardDatabase(mariadbCallbacks.createPool(url))
      await holds(
        (name) =>
          new Promise((resolve, reject) => {
            callbacks.query(text(name), (error: unknown, rows: unknown) => (error ? reject(error) : resolve(rows)))
          }),
      )
      await holds(
        (name) =>
          new Promise((resolve, reject) => {
            callbacks.getConnection((error, connection) => {
              if (error || connection === undefined) return reject(error)
              connection.query(text(name), (failed: unknown, rows: unknown) => {
                void connection.release(() => {})
                return failed ? reject(failed) : resolve(rows)
              })
            })
          }),
      )
      await new Promise<void>((done) => callbacks.end(() => done()))
    })
    test('the package as a whole', async () => {
      const { createPool, createConnection, createPoolCluster } = mariadb
      try {
        guardDatabase(mariadb)
        const cluster = mariadb.createPoolCluster({})
        cluster.add('one', mariadbOptions(url))
        await holds((name) => cluster.of('one').query(text(name)))
        await cluster.end()
        const later = mariadb.createPool(url)
        await holds((name) => later.query(text(name)))
        await later.end()
      } finally {
        Object.assign(mariadb, { createPool, createConnection, createPoolCluster })
      }
    })
  })

  test('Knex over mysql2', async () => {
    const db = knex({ client: 'mysql2', connection: BULWARK_TEST_MYSQL_URL, pool: { min: 0, max: 1 } })
    await holds(async (name) => (await db.raw(text(name)))[0])
    await passes((name) => db('people_orm_test').select('name').where({ name }))
    await db.destroy()
  })

  test('Sequelize over mysql2', async () => {
    const db = new Sequelize(BULWARK_TEST_MYSQL_URL, { logging: false, pool: { max: 1 } })
    await holds((name) => db.query(text(name), { type: QueryTypes.SELECT }))
    const byName = 'SELECT name FROM people_orm_test WHERE name = :name'
    await passes((name) => db.query(byName, { type: QueryTypes.SELECT, replacements: { name } }))
    await db.close()
  })

  test('TypeORM over mysql2', async () => {
    const db = await new DataSource({ type: 'mysql', url: BULWARK_TEST_MYSQL_URL }).initialize()
    await holds((name) => db.query(text(name)))
    await passes((name) => db.query('SELECT name FROM people_orm_test WHERE name = ?', [name]))
    await db.destroy()
  })
})

interface Sqlite {
  exec(sql: string): unknown
  prepare(sql: string): { all(...values: unknown[]): unknown[] }
}
type SqliteClass = new (path: string) => Sqlite

const inMemory = 'SELECT name FROM people_orm_test WHERE name = '
/** Compiled where no binary can be had: tested where it is installed. */
const compiled = load('better-sqlite3')

test.each([['libsql', Libsql as unknown as SqliteClass], ...(compiled === undefined ? [] : [compiled])] as const)(
  '%s',
  async (_name, Database) => {
    const db = guardDatabase(new Database(':memory:'))
    db.exec("CREATE TABLE people_orm_test (name TEXT); INSERT INTO people_orm_test VALUES ('ann'), ('bob')")
    await holds(async (name) => db.prepare(text(name)).all())
    await passes(async (name) => db.prepare(`${inMemory}?`).all(name))
    await passes(async (name) => db.prepare(`${inMemory}'${name.replaceAll("'", "''")}'`).all())
  },
)

test.runIf(compiled === undefined)('better-sqlite3 is not installed here', ({ skip }) => skip())

function load(name: string): readonly [string, SqliteClass] | undefined {
  const require = createRequire(import.meta.url)
  try {
    return [name, require(name) as SqliteClass]
  } catch {
    return undefined
  }
}

describe('SQL Server, as far as the driver goes without one', () => {
  const config = { server: '127.0.0.1', options: { encrypt: false } }

  test('tedious', async () => {
    guardDatabase(tedious)
    const connection = new tedious.Connection(config)
    const app = await serve(
      (name) =>
        new Promise((resolve, reject) => {
          const request = new tedious.Request(text(name), (error) => (error ? reject(error) : resolve([])))
          connection.execSql(request)
        }),
    )
    // It is not connected: that is what becomes of a call that passed.
    expect((await app.ask('ann')).status).toBe(500)
    expect((await app.ask(EVIL)).status).toBe(403)
    expect(app.events).toMatchObject([{ outcome: 'denied' }])
    await app.close()
    connection.close()
  })

  test('mssql', async () => {
    guardDatabase(mssql)
    const pool = new mssql.ConnectionPool(config)
    const app = await serve((name) => pool.request().query(text(name)))
    const bound = await serve((name) => pool.request().input('name', name).query('SELECT 1 WHERE name = @name'))
    expect((await app.ask('ann')).status).toBe(500)
    expect((await app.ask(EVIL)).status).toBe(403)
    expect((await bound.ask(EVIL)).status).toBe(500)
    await app.close()
    await bound.close()
  })
})

function mariadbOptions(uri: string): { host: string; port: number; user: string; password: string; database: string } {
  const { hostname, port, username, password, pathname } = new URL(uri)
  return {
    host: hostname,
    port: Number(port),
    user: username,
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  }
}
