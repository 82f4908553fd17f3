import { createRequire } from 'node:module'
import fc from 'fast-check'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dialect, grammarOf } from './dialect.ts'
import { judge } from './judge.ts'

const { BULWARK_TEST_PG_URL, BULWARK_TEST_MYSQL_URL, BULWARK_TEST_CASES = '80' } = process.env
const RUNS = { numRuns: Number(BULWARK_TEST_CASES), seed: 4712 }

/** Where apps write what they are sent; `§` is where. */
const IN_QUOTES = [
  "SELECT id FROM cases_test WHERE name = '§'",
  "SELECT id FROM cases_test WHERE name = '§' AND active = 1 ORDER BY id LIMIT 10",
  "SELECT id FROM cases_test WHERE (active = 1 AND (name = '§'))",
  "SELECT id FROM cases_test WHERE name LIKE '%§%'",
  "SELECT id FROM cases_test WHERE name IN ('a', '§')",
  "SELECT id FROM cases_test WHERE lower(name) = lower('§') AND active = 1",
  "SELECT id, '§' AS said FROM cases_test",
  "UPDATE cases_test SET name = '§' WHERE id = 99",
  "INSERT INTO cases_log (a, b) VALUES ('fixed', '§')",
  "DELETE FROM cases_log WHERE a = '§' AND b = 'none'",
]
const BARE = [
  'SELECT id FROM cases_test WHERE id = §',
  'SELECT id FROM cases_test WHERE id = § AND active = 1 ORDER BY id',
  'SELECT id FROM cases_test WHERE id IN (§) AND active = 1',
  'SELECT id FROM cases_test WHERE (id = §) OR active = 7',
  'SELECT id FROM cases_test WHERE id BETWEEN 1 AND §',
  'SELECT id FROM cases_test ORDER BY id LIMIT §',
  'UPDATE cases_test SET active = § WHERE id = 99',
  'INSERT INTO cases_log (a, b) VALUES (§, 1)',
]

const blank = fc.constantFrom(' ', '  ', '\t', '\n', '/**/', '/* x */', '\r\n', '\f', ' \n\t')
const word = (...words: string[]): fc.Arbitrary<string> =>
  fc.constantFrom(
    ...words,
    ...words.map((each) => each.toUpperCase()),
    ...words.map((each) => `${each[0]?.toUpperCase()}${each.slice(1)}`),
  )
const logical = word('or', 'and', 'xor', 'or not', '||', '&&')
const operator = fc.constantFrom(
  '=',
  '<>',
  '<',
  '>=',
  '||',
  '+',
  '-',
  '*',
  '/',
  '%',
  '&',
  '|',
  ' like ',
  ' is not ',
  ' in ',
  '<=>',
  '^',
)
const condition = fc.constantFrom(
  ...[
    '1=1',
    '2>1',
    '1',
    'true',
    'not 0',
    '(1)',
    '1<2',
    '(select 1)=1',
    'exists(select 1)',
    '1 in (1)',
    '1 between 0 and 2',
    'id=id',
  ],
  ...[
    'id>0',
    'name is not null',
    'length(name)>0',
    "'a'='a'",
    "'a'<'b'",
    "name like '%'",
    "''=''",
    'case when 1=1 then 1 else 0 end=1',
  ],
  ...[
    '0x1=1',
    '1.0=1',
    '1e0=1',
    '-1<0',
    '~0<>1',
    'coalesce(null,1)=1',
    'null is null',
    "cast('1' as char)='1'",
    '(id)',
    'active',
  ],
)
const ending = fc.constantFrom('-- ', '--', '-- -', '#', '/*', ';', '; -- ', ';--', ';#')
const selected = fc.constantFrom(
  '1',
  'id',
  'null',
  'name',
  'count(*)',
  '1 from cases_test',
  'name from cases_test',
  'version()',
  '(select 1)',
)

/** What leaves the quotes: `mark` is what ends them; for places without quotes there is nothing to end. */
function attackFrom(mark: string): fc.Arbitrary<string> {
  const start = fc.constantFrom('', 'x', 'ann', '1', '%', '-1', '0', "O''Brien", 'ä')
  const closing = fc.constantFrom(mark, mark, mark, `${mark})`, `${mark}))`, `${mark} `)
  const reopened = (before: string): string => (mark === '' ? before : `${before}${mark}`)
  const compared = fc
    .tuple(start, closing, blank, logical, blank, condition, fc.oneof(ending, fc.constant('')))
    .map((parts) => parts.join(''))
  const tight = fc
    .tuple(
      start,
      closing,
      logical,
      fc.constantFrom('(1=1)', "'1'='1", "'a'", '(select 1)', '-1', '~1', '!1', '1.'),
      fc.oneof(ending, fc.constant('')),
    )
    .map((parts) => parts.join(''))
  const closed = fc
    .tuple(start, closing, blank, logical, blank, condition, blank, logical, fc.constantFrom(' ', '', " ''="))
    .map((parts) => reopened(parts.join('')))
  const computed = fc
    .tuple(start, fc.constant(mark), operator, start)
    .map(([a, m, o, b]) => (mark === '' ? `${a || '1'}${o}${b || '1'}` : `${a}${m}${o}${m}${b}`))
  const united = fc
    .tuple(
      start,
      closing,
      blank,
      word('union', 'union all', 'except', 'intersect'),
      blank,
      word('select'),
      blank,
      selected,
      ending,
    )
    .map((parts) => parts.join(''))
  const stacked = fc
    .tuple(
      start,
      closing,
      fc.constant(';'),
      blank,
      fc.constantFrom('select 1', 'delete from cases_log', "update cases_test set name='h' where id=77"),
      ending,
    )
    .map((parts) => parts.join(''))
  const called = fc
    .tuple(
      start,
      fc.constant(mark),
      fc.constantFrom('||', '+', '-', ' and ', ' or ', '='),
      fc.constantFrom(
        '(select 1)',
        '(select name from cases_test limit 1)',
        'length(name)',
        'abs(-1)',
        'char(65)',
        "upper('a')",
        'current_timestamp',
        'name',
        'id',
      ),
      fc.constantFrom('||', '+', '-', ' and ', ' or ', '='),
    )
    .map(([a, m, o, call, p]) => (mark === '' ? `${a || '1'}${o}${call}` : `${a}${m}${o}${call}${p}${m}`))
  const cut = fc.tuple(start, closing, ending).map((parts) => parts.join(''))
  return fc.oneof(
    { weight: 4, arbitrary: compared },
    { weight: 2, arbitrary: tight },
    { weight: 3, arbitrary: closed },
    { weight: 2, arbitrary: computed },
    { weight: 2, arbitrary: united },
    { weight: 1, arbitrary: stacked },
    { weight: 2, arbitrary: called },
    { weight: 1, arbitrary: cut },
  )
}

/** Prose and data of people that look like SQL. */
const PROSE = String.raw`O'Brien
D'Angelo O'Neil
it's
rock 'n' roll
'quoted'
"quoted"
''
'
"
don't; can't -- won't
select * from posts where id = 1
SELECT name FROM users WHERE name = 'ann' OR '1'='1'
drop table students; --
union of workers
1 or 2 people
black and white
order by phone
insert coin
update me
a -- b
-- divider --
/* css */ body{}
#hashtag
# title
C:\new\table
\'
it\'s
\n
100%
50 % off
_
a_b%c
$100
$1 bill
$$
@handle
?
:name
1e5
1,2,3
-1
3.14
0x1f
NaN
null
true
2024-01-31T10:00:00Z
12:30
+49 (30) 1234-567
(555) 123-4567
5f0c2f9e-8d4b-4d0e-9a57-1f2f6c7c9b11
ann.lee+tag@example.com
o'neil@example.com
https://example.com/a?b=c&d=e#f
{"a":[1,"b'c"],"d":null}
[1, 2]
title:"two words" -draft OR (a AND b)
R&D (2024)
C++
Tom & Jerry; friends
emoji 😀 it's
<b>it's</b>
if (a == 'b') { c = "d" } // e
hello, world
‘typographic’ “quotes”
l'été à Paris
name
id
value
desc
x' y
ann`.split('\n')

const HONEST = fc.oneof(
  fc.constantFrom(...PROSE, '\\', 'C:\\', '`code`', 'const q = `SELECT 1 FROM y`', 'two\nlines'),
  fc.emailAddress(),
  fc.uuid(),
  fc.webUrl({ withQueryParameters: true }),
  fc.json(),
  fc.lorem({ mode: 'sentences', maxCount: 2 }),
  fc.double({ noNaN: true }).map(String),
  fc.string({ maxLength: 30, unit: 'grapheme' }).filter((text) => !text.includes('\0')),
)

interface Engine {
  readonly dialect: Dialect
  /** Whether the statement ran; what it changed is undone. */
  runs(sql: string): Promise<boolean>
}

/** A number, numbers or a name: an app may let a client choose them. */
const CHOICE = /^\s*(?:[-+]?[\w.]+\s*,\s*)*[-+]?[\w.]+\s*$/

function holds(engine: () => Engine): void {
  let ran = 0
  const places = [...IN_QUOTES.map((template) => [template, "'"]), ...BARE.map((template) => [template, ''])] as const
  test.each(places)('%s: what is code and runs is stopped', async (template, mark) => {
    await fc.assert(
      fc.asyncProperty(attackFrom(mark), async (input) => {
        const sql = template.replace('§', () => input)
        if ((mark === '' && CHOICE.test(input)) || !(await engine().runs(sql))) return
        ran++
        expect(judge(sql, [input], grammarOf(engine().dialect)), sql).toBe('injection')
      }),
      RUNS,
    )
  })

  test('many of them ran', () => expect(ran).toBeGreaterThan(100))

  test.each(IN_QUOTES)('%s: what people write passes once it is escaped', async (template) => {
    await fc.assert(
      fc.asyncProperty(HONEST, HONEST, async (input, other) => {
        const { dialect } = engine()
        const doubled = (dialect === 'mysql' ? input.replaceAll('\\', '\\\\') : input).replaceAll("'", "''")
        for (const escaped of dialect === 'mysql' ? [doubled, mysqlEscaped(input)] : [doubled]) {
          const sql = template.replace('§', () => escaped)
          // What else the client sent is nowhere in the statement, or is the app's own words by chance.
          expect(judge(sql, [input, other], grammarOf(dialect)), `${other} | ${sql}`).not.toBe('injection')
        }
      }),
      RUNS,
    )
  })
}

function mysqlEscaped(text: string): string {
  return text.replace(/[\\'"\n\r]/g, (sign) => (sign === '\n' ? '\\n' : sign === '\r' ? '\\r' : `\\${sign}`))
}

const TABLES = [
  'CREATE TABLE cases_test (id INTEGER, name VARCHAR(200), active INTEGER)',
  'CREATE TABLE cases_log (a VARCHAR(200), b VARCHAR(200))',
  "INSERT INTO cases_test VALUES (1, 'ann', 1), (2, 'bob', 1), (3, 'x', 0)",
]
const DROPPED = ['DROP TABLE IF EXISTS cases_test', 'DROP TABLE IF EXISTS cases_log']

describe('SQLite', () => {
  interface Sqlite {
    DatabaseSync: new (path: string) => { exec(sql: string): void; close(): void }
  }
  const own = process.getBuiltinModule('node:sqlite') as unknown as Sqlite | undefined
  const { DatabaseSync } = own ?? (createRequire(import.meta.url)('@photostructure/sqlite') as Sqlite)
  const db = new DatabaseSync(':memory:')
  for (const sql of TABLES) db.exec(sql)
  afterAll(() => db.close())
  const isRun = (sql: string): boolean => {
    db.exec('SAVEPOINT here')
    try {
      db.exec(sql)
      return true
    } catch {
      return false
    } finally {
      db.exec('ROLLBACK TO here')
      db.exec('RELEASE here')
    }
  }
  holds(() => ({ dialect: 'sqlite', runs: (sql) => Promise.resolve(isRun(sql)) }))
})

describe.runIf(BULWARK_TEST_PG_URL !== undefined)('PostgreSQL', () => {
  const client = new pg.Client({ connectionString: BULWARK_TEST_PG_URL })
  beforeAll(async () => {
    await client.connect()
    for (const sql of [...DROPPED, ...TABLES]) await client.query(sql)
  })
  afterAll(async () => {
    for (const sql of DROPPED) await client.query(sql)
    await client.end()
  })
  const runs = async (sql: string): Promise<boolean> => {
    await client.query('BEGIN')
    try {
      await client.query(sql)
      return true
    } catch {
      return false
    } finally {
      await client.query('ROLLBACK')
    }
  }
  holds(() => ({ dialect: 'postgres', runs }))
})

describe.runIf(BULWARK_TEST_MYSQL_URL !== undefined)('MariaDB', () => {
  let connection: mysql.Connection
  beforeAll(async () => {
    connection = await mysql.createConnection({ uri: BULWARK_TEST_MYSQL_URL ?? '', multipleStatements: true })
    for (const sql of [...DROPPED, ...TABLES]) await connection.query(sql)
  })
  afterAll(async () => {
    for (const sql of DROPPED) await connection.query(sql)
    await connection.end()
  })
  const runs = async (sql: string): Promise<boolean> => {
    await connection.query('BEGIN')
    try {
      await connection.query(sql)
      return true
    } catch {
      return false
    } finally {
      await connection.query('ROLLBACK')
    }
  }
  holds(() => ({ dialect: 'mysql', runs }))
})
