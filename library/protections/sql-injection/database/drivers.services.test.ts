import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import mysqlCallbacks from 'mysql2'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { guardDatabase } from '../index.ts'
import { sql } from '../template/sql.ts'
import { EVIL, holds, serve } from './test-app.ts'

const { BULWARK_TEST_PG_URL, BULWARK_TEST_MYSQL_URL } = process.env

const PEOPLE = ['CREATE TABLE', "INSERT INTO people_sql_test (name) VALUES ('ann'), ('bob')"]
const text = (name: string): string => `SELECT name FROM people_sql_test WHERE name = '${name}'`

describe.runIf(BULWARK_TEST_PG_URL !== undefined)('pg', () => {
  const pool = guardDatabase(new pg.Pool({ connectionString: BULWARK_TEST_PG_URL, max: 1 }))
  beforeAll(async () => {
    await pool.query('DROP TABLE IF EXISTS people_sql_test')
    await pool.query(`${PEOPLE[0]} people_sql_test (name text)`)
    await pool.query(PEOPLE[1] ?? '')
  })
  afterAll(async () => {
    await pool.query('DROP TABLE people_sql_test')
    await pool.end()
  })

  test('a pool with a promise', () => holds(async (name) => (await pool.query(text(name))).rows))

  test('a pool with a callback', () =>
    holds(
      (name) =>
        new Promise((resolve, reject) => {
          void pool.query(text(name), (error, result) => (error ? reject(error) : resolve(result.rows)))
        }),
    ))

  test('a query as an object', () => holds(async (name) => (await pool.query({ text: text(name), values: [] })).rows))

  test('a client that the pool lends', () =>
    holds(async (name) => {
      const client = await pool.connect()
      try {
        return (await client.query(text(name))).rows
      } finally {
        client.release()
      }
    }))

  test('a client of its own', async () => {
    const client = guardDatabase(new pg.Client({ connectionString: BULWARK_TEST_PG_URL }))
    await client.connect()
    await holds(async (name) => (await client.query(text(name))).rows)
    await client.end()
  })

  test('Kysely on the pool', () => {
    const db = new Kysely<never>({ dialect: new PostgresDialect({ pool }) })
    return holds(async (name) => (await db.executeQuery(CompiledQuery.raw(text(name)))).rows)
  })

  test('many requests that wait for one connection are each judged by what they sent', async () => {
    const app = await serve(async (name) => {
      // Two queries: the second one runs where the first one's callback left it.
      await pool.query('SELECT pg_sleep(0.005)')
      return new Promise((resolve, reject) => {
        void pool.query(text(name), (error, result) => (error ? reject(error) : resolve(result.rows)))
      })
    })
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => app.ask(i % 2 === 0 ? 'ann' : `${EVIL}${i}`).then(({ status }) => status)),
    )
    await app.close()
    expect(answers).toEqual(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 200 : 403)))
  })

  test('a query from the callback of another one belongs to the request that made both', async () => {
    const app = await serve(
      (name) =>
        new Promise((resolve, reject) => {
          void pool.query('SELECT pg_sleep(0.002)', () => {
            void pool.query(text(name), (error, result) => (error ? reject(error) : resolve(result.rows)))
          })
        }),
    )
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => app.ask(i % 2 === 0 ? 'ann' : `${EVIL}${i}`).then(({ status }) => status)),
    )
    await app.close()
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 200 : 403)))
  })

  test('what the sql template makes is never stopped, and finds what it should', async () => {
    const app = await serve(
      async (name) => (await pool.query(sql`SELECT name FROM people_sql_test WHERE name = ${name}`)).rows,
    )
    expect(await app.ask('ann')).toEqual({ status: 200, text: '[{"name":"ann"}]' })
    for (const name of [EVIL, "O'Brien", 'SELECT name FROM people_sql_test', "'; --"]) {
      expect(await app.ask(name), name).toEqual({ status: 200, text: '[]' })
    }
    await app.close()
  })

  test('while it only observes, the query runs and the event says so', async () => {
    const app = await serve(async (name) => (await pool.query(text(name))).rows, 'observe')
    expect((await app.ask(EVIL)).text).toBe('[{"name":"ann"},{"name":"bob"}]')
    expect(app.events).toMatchObject([{ outcome: 'observed' }])
    await app.close()
  })

  test('what was stored as a value does not come back as code', async () => {
    const app = await serve(async (name) => {
      await pool.query('INSERT INTO people_sql_test (name) VALUES ($1)', [name])
      return []
    })
    const other = await serve(async () => {
      const { rows } = await pool.query('SELECT name FROM people_sql_test ORDER BY ctid DESC LIMIT 1')
      return (await pool.query(text(rows[0].name))).rows
    })
    expect((await app.ask("z' UNION SELECT 'ann' --")).status).toBe(200)
    expect((await other.ask('')).status).toBe(403)
    expect(other.events).toMatchObject([{ reason: expect.stringContaining('stored') }])
    await app.close()
    await other.close()
  })

  test('the module as a whole covers pools that are made later', async () => {
    guardDatabase(pg)
    const later = new pg.Pool({ connectionString: BULWARK_TEST_PG_URL, max: 2 })
    await holds(async (name) => (await later.query(text(name))).rows)
    await later.end()
  })
})

describe.runIf(BULWARK_TEST_MYSQL_URL !== undefined)('mysql2', () => {
  const uri = BULWARK_TEST_MYSQL_URL ?? ''
  const pool = guardDatabase(mysql.createPool({ uri, connectionLimit: 1 }))
  beforeAll(async () => {
    await pool.query('DROP TABLE IF EXISTS people_sql_test')
    await pool.query(`${PEOPLE[0]} people_sql_test (name varchar(200), password varchar(20) DEFAULT 'secret')`)
    await pool.query(PEOPLE[1] ?? '')
  })
  afterAll(async () => {
    await pool.query('DROP TABLE people_sql_test')
    await pool.end()
  })

  test('a pool with a promise', () => holds(async (name) => (await pool.query(text(name)))[0]))

  test('while it only observes, each query is told of once', async () => {
    const app = await serve(async (name) => (await pool.query(text(name)))[0], 'observe')
    expect((await app.ask(EVIL)).text).toBe('[{"name":"ann"},{"name":"bob"}]')
    expect(app.events).toMatchObject([{ outcome: 'observed' }])
    await app.close()
  })

  test('a prepared statement', () => holds(async (name) => (await pool.execute(text(name)))[0]))

  test('a connection that the pool lends', () =>
    holds(async (name) => {
      const connection = await pool.getConnection()
      try {
        return (await connection.query({ sql: text(name) }))[0]
      } finally {
        connection.release()
      }
    }))

  test('a pool with callbacks', async () => {
    const callbacks = guardDatabase(mysqlCallbacks.createPool({ uri, connectionLimit: 1 }))
    await holds(
      (name) =>
        new Promise((resolve, reject) => {
          callbacks.query(text(name), (error: unknown, rows: unknown) => (error ? reject(error) : resolve(rows)))
        }),
    )
    await new Promise((done) => callbacks.end(done))
  })

  test('many requests that wait for one connection are each judged by what they sent', async () => {
    const app = await serve(async (name) => (await pool.query(text(name)))[0])
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => app.ask(i % 2 === 0 ? 'ann' : `${EVIL}${i}`).then(({ status }) => status)),
    )
    await app.close()
    expect(answers).toEqual(Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? 200 : 403)))
  })

  test('an object in the place of a value is stopped', async () => {
    const app = await serve(async (name) => {
      const password: unknown = name.startsWith('{') ? JSON.parse(name) : name
      return (
        await pool.query('SELECT name FROM people_sql_test WHERE name = ? AND password = ?', ['ann', password])
      )[0]
    })
    expect(await app.ask('secret')).toEqual({ status: 200, text: '[{"name":"ann"}]' })
    expect((await app.ask('{"password":1}')).status).toBe(403)
    expect((await app.ask("it's")).text).toBe('[]')
    await app.close()
    // What `SET ?` is for still works.
    await pool.query('INSERT INTO people_sql_test SET ?', { name: 'carl' })
  })

  test('values that the driver escapes are never stopped', async () => {
    const app = await serve(async (name) => (await pool.query('SELECT ? AS it', [name]))[0])
    for (const name of [EVIL, "O'Brien", '\\', "\\' or 1=1 -- ", '"quoted"', 'SELECT ?']) {
      expect((await app.ask(name)).text, name).toBe(JSON.stringify([{ it: name }]))
    }
    const formatted = await serve(
      async (name) => (await pool.query(mysqlCallbacks.format('SELECT ? AS it', [name])))[0],
    )
    for (const name of [EVIL, "O'Brien", '\\', "\\' or 1=1 -- ", '"quoted"', "''", "' '"]) {
      expect((await formatted.ask(name)).text, name).toBe(JSON.stringify([{ it: name }]))
    }
    await app.close()
    await formatted.close()
  })

  test('what the sql template makes is never stopped', async () => {
    const app = await serve(
      async (name) =>
        (
          await pool.query(
            sql`SELECT name FROM people_sql_test WHERE ${sql.id('name', ['name'])} IN (${[name, 'zoe']})`,
          )
        )[0],
    )
    expect(await app.ask('ann')).toEqual({ status: 200, text: '[{"name":"ann"}]' })
    expect(await app.ask(EVIL)).toEqual({ status: 200, text: '[]' })
    await app.close()
  })
})
