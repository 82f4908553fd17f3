import mysqlCallbacks from 'mysql2'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { guardDatabase } from '../index.ts'
import { type App, serve } from './test-app.ts'

const { BULWARK_TEST_PG_URL = '', BULWARK_TEST_MYSQL_URL = '' } = process.env
/** Stays in quotes where a backslash escapes, and runs where it does not. */
const EVIL = "x\\' OR 1=1 -- "
/** A value where a backslash is a character like any other. */
const FOLDER = 'C:\\'
const escaped = (text: string): string => text.replaceAll("'", "''")

async function statuses(app: App, ...names: readonly string[]): Promise<number[]> {
  const answers: number[] = []
  for (const name of names) answers.push((await app.ask(name)).status)
  return answers
}

describe.runIf(BULWARK_TEST_MYSQL_URL !== '')('MariaDB', () => {
  const text = (name: string): string => `SELECT 1 AS one FROM DUAL WHERE 'ann' = '${name}' OR 'b' = 'c'`

  test('a server whose backslashes do not escape is read as it reads', async () => {
    const pool = mysql.createPool({ uri: BULWARK_TEST_MYSQL_URL, connectionLimit: 1 })
    pool.pool.on('connection', (connection) => connection.query("SET sql_mode = 'NO_BACKSLASH_ESCAPES'"))
    guardDatabase(pool)
    const app = await serve(async (name) => (await pool.query(text(name)))[0])
    // The very first statement, while nothing is known of the server yet.
    expect(await statuses(app, EVIL)).toEqual([403])
    expect(await statuses(app, 'ann', 'bob', EVIL)).toEqual([200, 200, 403])
    await app.close()
    const honest = await serve(async (name) => (await pool.query(text(escaped(name))))[0])
    expect(await statuses(honest, FOLDER, `it's ${FOLDER}`, "O'Brien", "x' OR 1=1 -- ")).toEqual([200, 200, 200, 200])
    await honest.close()
    await pool.end()
  })

  test('a server like most is not taken for another one', async () => {
    const pool = guardDatabase(mysql.createPool({ uri: BULWARK_TEST_MYSQL_URL, connectionLimit: 1 }))
    const app = await serve(
      async (name) => (await pool.query(mysqlCallbacks.format(text('?').replaceAll("'?'", '?'), [name])))[0],
    )
    expect(await statuses(app, "O'Brien", EVIL, FOLDER, `${FOLDER}'`, "\\'", `it's "${FOLDER}"`)).toEqual(
      Array(6).fill(200),
    )
    await app.close()
    await pool.end()
  })

  test('a connection that the app sets to read otherwise is followed', async () => {
    const connection = guardDatabase(await mysql.createConnection(BULWARK_TEST_MYSQL_URL))
    const app = await serve(async (name) => (await connection.query(text(name)))[0])
    const honest = await serve(async (name) => (await connection.query(text(escaped(name))))[0])
    // Escaped by the backslash that the client brought: a value.
    expect(await statuses(app, 'ann', 'x\\\\', "it\\'s")).toEqual([200, 200, 200])
    await connection.query("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')")
    expect(await statuses(app, EVIL)).toEqual([403])
    expect(await statuses(honest, FOLDER)).toEqual([200])
    await connection.query("/* back */ set @@session.sql_mode = ''")
    expect(await statuses(app, 'ann', "it\\'s")).toEqual([200, 200])
    await app.close()
    await honest.close()
    await connection.end()
  })

  test('quotes that hold names are told from quotes that hold text', async () => {
    const connection = guardDatabase(await mysql.createConnection(BULWARK_TEST_MYSQL_URL))
    await connection.query("SET sql_mode = 'ANSI_QUOTES'")
    const app = await serve(async (name) => (await connection.query(`SELECT 1 AS "${name}"`))[0])
    // `\"` ends a name, and is a part of a text.
    expect(await statuses(app, 'ann', 'x\\', 'x\\", 2 AS "y')).toEqual([200, 200, 403])
    await app.close()
    await connection.end()
  })

  test('the app sees no statement but its own', async () => {
    const connection = guardDatabase(await mysql.createConnection(BULWARK_TEST_MYSQL_URL))
    const [before] = await connection.query('SELECT 1 AS a UNION SELECT 2')
    const [rows] = await connection.query('SELECT FOUND_ROWS() AS found')
    expect(before).toHaveLength(2)
    expect(rows).toEqual([{ found: 2 }])
    await connection.end()
  })

  test('what the app said of the server wins', async () => {
    const pool = guardDatabase(mysql.createPool({ uri: BULWARK_TEST_MYSQL_URL, connectionLimit: 1 }), {
      modes: { backslash: false },
    })
    const app = await serve(async (name) => (await pool.query(text(name)))[0])
    expect(await statuses(app, 'ann', "it\\'s ", EVIL)).toEqual([200, 403, 403])
    await app.close()
    await pool.end()
  })
})

describe.runIf(BULWARK_TEST_PG_URL !== '')('PostgreSQL', () => {
  const text = (name: string): string => `SELECT 1 AS one WHERE 'ann' = '${name}' OR 'b' = 'c'`
  /** Ends nothing where a backslash is a character like any other, and runs the second value where it escapes the quote. */
  const two = (both: string): string => {
    const [first = '', second = ''] = both.split('|')
    return `SELECT 1 AS one WHERE 'a' = '${escaped(first)}' AND 'b' = '${escaped(second)}'`
  }
  const CROSSING = '\\| OR 1=1 -- '

  test('a server whose backslashes escape is read as it reads', async () => {
    const options = '-c standard_conforming_strings=off -c escape_string_warning=off'
    const pool = guardDatabase(new pg.Pool({ connectionString: BULWARK_TEST_PG_URL, options, max: 1 }))
    const app = await serve(async (name) => (await pool.query(text(name))).rows)
    // A value there: the quote behind the backslash does not end it.
    expect(await statuses(app, 'ann', "it\\'s", EVIL)).toEqual([200, 200, 200])
    await app.close()
    const split = await serve(async (both) => (await pool.query(two(both))).rows)
    expect(await statuses(split, 'a|b', CROSSING)).toEqual([200, 403])
    await split.close()
    await pool.end()
  })

  test('a client that the app sets to read otherwise is followed', async () => {
    const client = guardDatabase(new pg.Client({ connectionString: BULWARK_TEST_PG_URL }))
    await client.connect()
    const split = await serve(async (both) => (await client.query(two(both))).rows)
    expect(await statuses(split, 'a|b', CROSSING)).toEqual([200, 200])
    await client.query('SET escape_string_warning = off; SET standard_conforming_strings = off')
    expect(await statuses(split, 'a|b', CROSSING)).toEqual([200, 403])
    await client.query('RESET standard_conforming_strings')
    expect(await statuses(split, 'c|d', CROSSING.replace('1=1', '2=2'))).toEqual([200, 200])
    await split.close()
    await client.end()
  })

  test('a quote behind a backslash is stopped before the server has said how it reads', async () => {
    const pool = guardDatabase(new pg.Pool({ connectionString: BULWARK_TEST_PG_URL, max: 1 }))
    const app = await serve(async (name) => (await pool.query(text(name))).rows)
    const honest = await serve(async (name) => (await pool.query(text(escaped(name)))).rows)
    expect(await statuses(app, EVIL)).toEqual([403])
    expect(await statuses(honest, `${FOLDER}O'Brien`, FOLDER, EVIL)).toEqual([200, 200, 200])
    await app.close()
    await honest.close()
    await pool.end()
  })
})
