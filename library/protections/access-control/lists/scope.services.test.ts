import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { createPool, type Pool as MysqlPool } from 'mysql2/promise'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Filter, matches, type Scalar } from '../deciding/filter.ts'
import { scopeToSql } from '../index.ts'

const TEXTS = ['ada', 'Ada', 'ada ', 'ada\u0301', 'Áda', '', '7', '07', '7.0', ' 7', '1', '0', 'true', 't', "o'hara"]
const table = `t${randomBytes(6).toString('hex')}`

/** Filters over one column, with values that the column could be compared with. */
function filtersOn(field: string, values: readonly Scalar[]): fc.Arbitrary<Filter> {
  const leaf = fc
    .array(fc.constantFrom(...values, null), { maxLength: 3 })
    .map((of): Filter => ({ op: 'in', field, values: of }))
  return fc.oneof(
    leaf,
    leaf.map((of): Filter => ({ op: 'not', of })),
    fc.tuple(leaf, leaf).map(([a, b]): Filter => ({ op: 'all', of: [{ op: 'not', of: a }, b] })),
  )
}

type Row = { readonly id: number } & Readonly<Record<string, unknown>>
type Ask = (text: string, values: readonly unknown[]) => Promise<readonly Row[]>

async function sameAnswers(
  dialect: 'postgres' | 'mysql',
  ask: Ask,
  field: string,
  values: readonly Scalar[],
): Promise<void> {
  const rows = await ask(`SELECT * FROM ${table} ORDER BY id`, [])
  await fc.assert(
    fc.asyncProperty(filtersOn(field, values), async (where) => {
      const { text, values: bound } = scopeToSql({ kind: 'some', where }, { dialect })
      const listed = await ask(`SELECT * FROM ${table} WHERE ${text} ORDER BY id`, bound)
      expect(listed.map(({ id }) => id)).toEqual(rows.filter((row) => matches(where, row)).map(({ id }) => id))
    }),
    { numRuns: 60 },
  )
}

const INTS = ['7', '07', 7, 1, 0, true, false, '-1', ' 7']
const UUIDS = ['5f0c1f0a-0000-4000-8000-00000000000a', '5F0C1F0A-0000-4000-8000-00000000000A']

const pg = process.env['BULWARK_TEST_PG_URL']
describe.skipIf(!pg)('a list in PostgreSQL holds exactly what can() allows', () => {
  let pool: Pool
  const ask: Ask = async (text, values) => (await pool.query(text, [...values])).rows as Row[]
  beforeAll(async () => {
    pool = new Pool({ connectionString: pg, max: 2 })
    await pool.query(
      `CREATE TABLE ${table} (id serial PRIMARY KEY, name text, short varchar(20), fixed char(6), n int, big bigint, exact numeric(8, 2), yes boolean, key uuid)`,
    )
    for (const [i, name] of [...TEXTS, null].entries()) {
      const n = [7, 1, 0, -1, null][i % 5]
      await pool.query(
        `INSERT INTO ${table} (name, short, fixed, n, big, exact, yes, key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [name, name, name?.slice(0, 6), n, n, n, [true, false, null][i % 3], [UUIDS[0], null][i % 2]],
      )
    }
  })
  afterAll(async () => {
    await pool.query(`DROP TABLE IF EXISTS ${table}`)
    await pool.end()
  })

  test.each<[string, readonly Scalar[]]>([
    ['name', [...TEXTS, 7, 1, true]],
    ['short', [...TEXTS, 7, 1, true]],
    ['fixed', [...TEXTS, 7, 1, true]],
    ['n', INTS],
    ['big', INTS],
    ['exact', [...INTS, '7.00', '1.00']],
    ['yes', [true, false, '1', '0', 1, 0, 'true', 't']],
    ['key', UUIDS],
  ])('in a column %s', (field, values) => sameAnswers('postgres', ask, field, values), 30_000)

  test('a letter that PostgreSQL takes for true is not true', async () => {
    const where: Filter = { op: 'in', field: 'yes', values: ['t', 'f'] }
    const { text, values } = scopeToSql({ kind: 'some', where }, { dialect: 'postgres' })
    expect(await ask(`SELECT * FROM ${table} WHERE ${text}`, values)).toEqual([])
  })

  test('a value that the column cannot hold is an error, and no row', async () => {
    const { text, values } = scopeToSql(
      { kind: 'some', where: { op: 'in', field: 'n', values: ['ada'] } },
      { dialect: 'postgres' },
    )
    await expect(ask(`SELECT * FROM ${table} WHERE ${text}`, values)).rejects.toThrow(/integer/)
  })
})

const mariadb = process.env['BULWARK_TEST_MYSQL_URL']
describe.skipIf(!mariadb)('a list in MariaDB holds exactly what can() allows', () => {
  let pool: MysqlPool
  const ask: Ask = async (text, values) => (await pool.execute(text, [...values] as string[]))[0] as unknown as Row[]
  beforeAll(async () => {
    pool = createPool({ uri: mariadb as string, connectionLimit: 2, charset: 'utf8mb4' })
    await pool.query(
      `CREATE TABLE ${table} (id int AUTO_INCREMENT PRIMARY KEY, name varchar(40) CHARACTER SET utf8mb4, n int, big bigint, yes tinyint(1), kind enum('ada', 'grace') CHARACTER SET utf8mb4)`,
    )
    for (const [i, name] of [...TEXTS, null].entries()) {
      await pool.query(`INSERT INTO ${table} (name, n, big, yes, kind) VALUES (?, ?, ?, ?, ?)`, [
        name,
        [7, 1, 0, -1, null][i % 5],
        [7, 1, 0, -1, null][i % 5],
        [1, 0, null][i % 3],
        ['ada', 'grace', null][i % 3],
      ])
    }
  })
  afterAll(async () => {
    await pool.query(`DROP TABLE IF EXISTS ${table}`)
    await pool.end()
  })

  test.each<[string, readonly Scalar[]]>([
    ['name', [...TEXTS, 7, 0, 1, true]],
    ['n', [...INTS, 'ada', '']],
    ['big', [...INTS, 'ada', '']],
    ['yes', [true, false, '1', 'ada']],
    ['kind', ['ada', 'ADA', 'grace', '1', 1]],
  ])('in a column %s', (field, values) => sameAnswers('mysql', ask, field, values), 30_000)
})
