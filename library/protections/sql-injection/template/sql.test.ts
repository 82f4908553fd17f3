import {
  DummyDriver,
  Kysely,
  sql as kyselySql,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import { describe, expect, test } from 'vitest'
import { sql } from './sql.ts'

describe('values', () => {
  test('are parameters, in both ways of writing them', () => {
    const query = sql`SELECT id FROM posts WHERE author = ${'ann'} AND id > ${7}`
    expect(query.text).toBe('SELECT id FROM posts WHERE author = $1 AND id > $2')
    expect(query.sql).toBe('SELECT id FROM posts WHERE author = ? AND id > ?')
    expect(query.values).toEqual(['ann', 7])
  })

  test('never become text, whatever they hold', () => {
    const evil = "'; DROP TABLE posts; --"
    const query = sql`SELECT ${evil}`
    expect([query.text, query.sql, query.values]).toEqual(['SELECT $1', 'SELECT ?', [evil]])
  })

  test('may be null, dates, bytes, booleans and large numbers', () => {
    const values = [null, new Date(0), new Uint8Array([1]), true, 10n]
    expect(sql`VALUES (${values[0]}, ${values[1]}, ${values[2]}, ${values[3]}, ${values[4]})`.values).toEqual(values)
  })

  test.each([
    ['undefined', undefined],
    ['a plain object', { $ne: 1 }],
    ['an object without a prototype', Object.create(null)],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a date that is none', new Date('no')],
    ['an object inside of a list', [1, { a: 1 }]],
    ['undefined inside of a row', [[1, undefined]]],
    ['an empty list', []],
    ['something shaped like a query', { text: '1 OR 1=1', pieces: ['1 OR 1=1'], values: [] }],
  ])('%s is refused with 400 and without its content', (_what, value) => {
    const make = () => sql`SELECT ${value}`
    expect(make).toThrow(expect.objectContaining({ code: 'BULWARK_QUERY_INVALID', status: 400 }))
    expect(make).not.toThrow(/OR 1=1|\$ne/)
  })

  test('in quotes are a mistake that shows at once', () => {
    expect(() => sql`SELECT id FROM posts WHERE title = '${'x'}'`).toThrow(/inside of quotes/)
    expect(() => sql`SELECT id FROM posts WHERE title LIKE '%${'x'}%'`).toThrow(/inside of quotes/)
    expect(() => sql`SELECT id FROM posts -- ${'x'}`).toThrow(/inside of quotes/)
    expect(sql`SELECT 'it''s', "q" FROM posts WHERE a = ${'x'} AND b = 'b'`.values).toEqual(['x'])
    expect(sql`SELECT E'it\\'s' WHERE a = ${'x'}`.values).toEqual(['x'])
  })
})

describe('lists and rows', () => {
  test('a list is several parameters', () => {
    const query = sql`SELECT id FROM posts WHERE id IN (${[3, 4, 5]}) AND author = ${'ann'}`
    expect(query.text).toBe('SELECT id FROM posts WHERE id IN ($1, $2, $3) AND author = $4')
    expect(query.values).toEqual([3, 4, 5, 'ann'])
  })

  test('a list of lists is rows', () => {
    const rows = [
      ['a', 1],
      ['b', null],
    ]
    expect(sql`INSERT INTO t (x, y) VALUES ${rows}`.text).toBe('INSERT INTO t (x, y) VALUES ($1, $2), ($3, $4)')
  })

  test('sql.array and sql.json are one parameter each', () => {
    const query = sql`SELECT ${sql.array([1, 2])}, ${sql.json({ a: [1] })}`
    expect(query.text).toBe('SELECT $1, $2')
    expect(query.values).toEqual([[1, 2], '{"a":[1]}'])
  })
})

describe('parts', () => {
  test('a query inside of another one is a part of it, and parameters are counted through', () => {
    const mine = sql`author = ${'ann'}`
    const query = sql`SELECT id FROM posts WHERE ${mine} AND id = ${1} ${sql.empty}`
    expect(query.text).toBe('SELECT id FROM posts WHERE author = $1 AND id = $2 ')
    expect(query.values).toEqual(['ann', 1])
  })

  test('parts are joined with a part between them', () => {
    const query = sql`WHERE ${sql.join([sql`a = ${1}`, sql`b = ${2}`], sql` OR `)}`
    expect(query.sql).toBe('WHERE a = ? OR b = ?')
    expect(() => sql.join([])).toThrow(/nothing to join/)
  })
})

describe('identifiers', () => {
  test('come from a list and are quoted in the way of each database', () => {
    const query = sql`SELECT * FROM posts ORDER BY ${sql.id('posts.created', ['title', 'posts.created'])} ${sql.direction('desc')}`
    expect(query.text).toBe('SELECT * FROM posts ORDER BY "posts"."created" DESC')
    expect(query.sql).toBe('SELECT * FROM posts ORDER BY `posts`.`created` DESC')
  })

  test.each([['id; DROP TABLE posts'], ['Title'], [''], [undefined], [['title']], [{ title: 1 }]])(
    '%j is on no list',
    (name) => {
      expect(() => sql.id(name, ['title'])).toThrow(
        expect.objectContaining({ code: 'BULWARK_QUERY_INVALID', status: 400 }),
      )
    },
  )

  test('a name with quotes is refused even on the list', () => {
    expect(() => sql.id('a"b', ['a"b'])).toThrow(/quotes/)
  })

  test('a direction is one of two words', () => {
    expect(() => sql.direction('desc, (SELECT 1)')).toThrow(/neither asc nor desc/)
    expect(() => sql.direction(['asc'])).toThrow(/neither asc nor desc/)
  })

  test('set and insert write only columns of the list', () => {
    const change = sql`UPDATE people SET ${sql.set({ name: 'Ann', bio: null }, ['name', 'bio'])} WHERE id = ${3}`
    expect(change.text).toBe('UPDATE people SET "name" = $1, "bio" = $2 WHERE id = $3')
    expect(() => sql.set({ name: 'Ann', isAdmin: true }, ['name', 'bio'])).toThrow(/not on the list/)
    const rows = [{ name: 'a' }, { name: 'b' }]
    expect(sql`INSERT INTO people ${sql.insert(rows, ['name'])}`.sql).toBe(
      'INSERT INTO people (`name`) VALUES (?), (?)',
    )
    expect(() => sql.insert([{ name: 'a' }, { name: 'b', role: 'admin' }], ['name'])).toThrow(/differ/)
    expect(() => sql.insert([], ['name'])).toThrow(/no columns/)
  })
})

test('called as a function with text of its own it refuses', () => {
  const call = sql as unknown as (text: unknown) => unknown
  expect(() => call('SELECT 1')).toThrow(/a template and no function/)
  expect(() => call(['SELECT 1'])).toThrow(/a template and no function/)
})

describe('Kysely', () => {
  interface Tables {
    posts: { id: number; author: string }
  }
  const postgres = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
  const mysql = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new MysqlAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new MysqlIntrospector(db),
      createQueryCompiler: () => new MysqlQueryCompiler(),
    },
  })
  const query = sql`SELECT id FROM posts WHERE author = ${"O'Brien"} AND id IN (${[1, 2]}) ORDER BY ${sql.id('posts.id', ['posts.id'])} ${sql.direction('desc')}`

  test('takes a statement into its own template, and writes it as its database wants it', () => {
    expect(kyselySql`${query}`.compile(postgres)).toMatchObject({
      sql: 'SELECT id FROM posts WHERE author = $1 AND id IN ($2, $3) ORDER BY "posts"."id" DESC',
      parameters: ["O'Brien", 1, 2],
    })
    expect(kyselySql`${query}`.compile(mysql)).toMatchObject({
      sql: 'SELECT id FROM posts WHERE author = ? AND id IN (?, ?) ORDER BY `posts`.`id` DESC',
      parameters: ["O'Brien", 1, 2],
    })
  })

  test('takes a part where its builder takes an expression, and counts its parameters on', () => {
    const built = postgres
      .selectFrom('posts')
      .select('id')
      .where('id', '>', 5)
      .where(sql`author = ${'ann'}`)
      .where('id', '<', 9)
    expect(built.compile()).toMatchObject({
      sql: 'select "id" from "posts" where "id" > $1 and author = $2 and "id" < $3',
      parameters: [5, 'ann', 9],
    })
  })
})
