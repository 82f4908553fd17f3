import fc from 'fast-check'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dialect, grammarOf, type SqlModes } from './dialect.ts'
import { canEscape, escapedOf, hostileTo, isChoice, isIntact, POSITIONS, type Position } from './hostile.ts'
import { judge } from './judge.ts'

const { BULWARK_TEST_PG_URL, BULWARK_TEST_MYSQL_URL } = process.env
const RUNS = { numRuns: 250, seed: 4711 }

/** The rows of a statement; `undefined` when it fails. */
type Run = (sql: string) => Promise<readonly Record<string, unknown>[] | undefined>

describe.runIf(BULWARK_TEST_PG_URL !== undefined)('PostgreSQL', () => {
  const client = new pg.Client({ connectionString: BULWARK_TEST_PG_URL })
  beforeAll(() => client.connect())
  afterAll(() => client.end())
  propertiesOf('postgres', runOn(client))
})

describe.runIf(BULWARK_TEST_MYSQL_URL !== undefined)('MariaDB', () => {
  let connection: mysql.Connection
  beforeAll(async () => {
    connection = await mysql.createConnection({ uri: BULWARK_TEST_MYSQL_URL ?? '' })
  })
  afterAll(() => connection.end())
  propertiesOf('mysql', (sql) => queried(connection, sql))
})

describe.runIf(BULWARK_TEST_PG_URL !== undefined)('PostgreSQL whose backslashes escape', () => {
  const client = new pg.Client({
    connectionString: BULWARK_TEST_PG_URL,
    options: '-c standard_conforming_strings=off -c escape_string_warning=off',
  })
  beforeAll(() => client.connect())
  afterAll(() => client.end())
  propertiesOf('postgres', runOn(client), { backslash: true })
})

describe.runIf(BULWARK_TEST_MYSQL_URL !== undefined).each([
  ['NO_BACKSLASH_ESCAPES', { backslash: false, ansiQuotes: false }],
  ['ANSI_QUOTES', { backslash: true, ansiQuotes: true }],
  ['ANSI,NO_BACKSLASH_ESCAPES', { backslash: false, ansiQuotes: true }],
] as const)('MariaDB with %s', (sqlMode, modes) => {
  let connection: mysql.Connection
  beforeAll(async () => {
    connection = await mysql.createConnection({ uri: BULWARK_TEST_MYSQL_URL ?? '' })
    await connection.query(`SET sql_mode = '${sqlMode}'`)
  })
  afterAll(() => connection.end())
  propertiesOf('mysql', (sql) => queried(connection, sql), modes)
})

function runOn(client: pg.Client): Run {
  return async (sql) => {
    try {
      const result = await client.query(sql)
      // Several statements answer several results.
      return Array.isArray(result) ? [] : result.rows
    } catch {
      return undefined
    }
  }
}

async function queried(connection: mysql.Connection, sql: string): Promise<Record<string, unknown>[] | undefined> {
  try {
    return (await connection.query(sql))[0] as Record<string, unknown>[]
  } catch {
    return undefined
  }
}

function propertiesOf(dialect: Dialect, run: Run, modes?: SqlModes): void {
  const grammar = grammarOf(dialect, modes)
  const positions = POSITIONS.filter(({ dialects }) => dialects.includes(dialect)).flatMap((position) =>
    modes === undefined ? [position] : readOtherwise(position, modes),
  )

  test.each(positions.filter(canEscape))(
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
          if (rows[0]?.[text] === undefined) expect(isIntact(escaped, position, rows[0]), sql).toBe(true)
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
        if (rows.length === 1 && isIntact(text, position, rows[0])) {
          expect(judge(sql, [text], grammar), `a value: ${sql}`).not.toBe('injection')
        } else if (!isChoice(text, position)) {
          changed++
          expect(judge(sql, [text], grammar), `code: ${sql}`).toBe('injection')
        }
      }),
      RUNS,
    )
    expect(changed).toBeGreaterThan(0)
  })
}

/** The positions that these modes change, as they are then. */
function readOtherwise(position: Position, { backslash = false, ansiQuotes = true }: SqlModes): readonly Position[] {
  const { name, quote } = position
  // Behind the text stands a sign that a backslash would escape.
  if (name === 'a pattern') return []
  if (quote === "'" && (position.isEscaped ?? true) && name !== 'an escape string') return [{ ...position, backslash }]
  if (name !== 'double quotes') return []
  if (!ansiQuotes) return [{ ...position, backslash }]
  // The same sign is that of a name now.
  const [named] = POSITIONS.filter((each) => each.name === 'a name in double quotes')
  return named === undefined ? [] : [named]
}
