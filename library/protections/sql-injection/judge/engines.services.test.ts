import fc from 'fast-check'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dialect, grammarOf } from './dialect.ts'
import { escapedOf, hostileTo, insideOf, isChoice, POSITIONS, type Position } from './hostile.ts'
import { judge } from './judge.ts'

const { BULWARK_TEST_PG_URL, BULWARK_TEST_MYSQL_URL } = process.env
const RUNS = { numRuns: 1200, seed: 4711 }

/** The rows of a statement; `undefined` when it fails. */
type Run = (sql: string) => Promise<readonly Record<string, unknown>[] | undefined>

describe.runIf(BULWARK_TEST_PG_URL !== undefined)('PostgreSQL', () => {
  const client = new pg.Client({ connectionString: BULWARK_TEST_PG_URL })
  beforeAll(() => client.connect())
  afterAll(() => client.end())
  propertiesOf('postgres', async (sql) => {
    try {
      const result = await client.query(sql)
      // Several statements answer several results.
      return Array.isArray(result) ? [] : result.rows
    } catch {
      return undefined
    }
  })
})

describe.runIf(BULWARK_TEST_MYSQL_URL !== undefined)('MariaDB', () => {
  let connection: mysql.Connection
  beforeAll(async () => {
    connection = await mysql.createConnection({ uri: BULWARK_TEST_MYSQL_URL ?? '' })
  })
  afterAll(() => connection.end())
  propertiesOf('mysql', async (sql) => {
    try {
      const [rows] = await connection.query(sql)
      return rows as Record<string, unknown>[]
    } catch {
      return undefined
    }
  })
})

function propertiesOf(dialect: Dialect, run: Run): void {
  const grammar = grammarOf(dialect)
  const positions = POSITIONS.filter(({ dialects }) => dialects.includes(dialect))

  test.each(positions.filter(({ quote }) => quote !== ''))(
    '$name: a text that is escaped as it should be passes',
    async (position: Position) => {
      await fc.assert(
        fc.asyncProperty(hostileTo(position), async (text) => {
          const escaped = escapedOf(text, position)
          if (escaped === undefined) return
          const sql = position.write(escaped)
          const rows = await run(sql)
          // Some texts cannot be in the encoding of the database; nothing was run then.
          if (rows === undefined) return
          expect(rows[0]).toMatchObject({ first: 'a', value: text, last: 'z' })
          expect(judge(sql, [text], grammar), sql).not.toBe('injection')
        }),
        RUNS,
      )
    },
  )

  test.each(positions)('$name: a text that changes a statement which runs is stopped', async (position: Position) => {
    let changed = 0
    await fc.assert(
      fc.asyncProperty(hostileTo(position), async (text) => {
        const sql = position.write(text)
        const rows = await run(sql)
        if (rows === undefined) return
        const [row] = rows
        const value = insideOf(text, position)
        const isRow = rows.length === 1 && row?.['first'] === 'a' && row['last'] === 'z'
        if (isRow && value !== undefined && (position.backslash || row['value'] === value)) {
          expect(judge(sql, [text], grammar), `a value: ${sql}`).not.toBe('injection')
        } else if (!isChoice(text)) {
          changed++
          expect(judge(sql, [text], grammar), `code: ${sql}`).toBe('injection')
        }
      }),
      RUNS,
    )
    expect(changed).toBeGreaterThan(5)
  })
}
