import { DatabaseSync } from '@photostructure/sqlite'
import fc from 'fast-check'
import { Query } from 'mingo'
import { describe, expect, test } from 'vitest'
import { type Filter, matches, type Scalar } from '../deciding/filter.ts'
import { createAccess, type Person, type Scope, scopeToMongo, scopeToSql } from '../index.ts'

/** Values that databases like to mix up. */
const TEXTS = [
  'ada',
  'Ada',
  'ada ',
  '',
  '7',
  '07',
  '7.0',
  ' 7',
  '0x7',
  '1',
  '0',
  'true',
  '1e3',
  '9007199254740993',
  "o'hara",
]
const NUMBERS = [7, 1, 0, -0, 7.5, 1000, -1]
const column = fc.oneof(
  fc.constantFrom<Scalar>(...TEXTS),
  fc.constantFrom<Scalar>(...NUMBERS),
  fc.constant<Scalar>(null),
)
const compared = fc.oneof(column, fc.boolean())
const leaf = fc.record({
  op: fc.constant('in' as const),
  field: fc.constantFrom('a', 'b'),
  values: fc.array(compared, { maxLength: 3 }),
})
const filters: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.constantFrom<Filter>({ op: 'always' }, { op: 'never' }),
    tie('filter').map((of): Filter => ({ op: 'not', of })),
    fc
      .tuple(fc.constantFrom('all' as const, 'any' as const), fc.array(tie('filter'), { minLength: 1, maxLength: 3 }))
      .map(([op, of]): Filter => ({ op, of })),
  ),
})).filter

const some = (where: Filter): Scope => ({ kind: 'some', where })

describe('a list holds exactly what can() allows', () => {
  test.each([
    ['of text', 'TEXT'],
    ['of whole numbers', 'INTEGER'],
    ['of no type', ''],
    ['without regard to case', 'TEXT COLLATE NOCASE'],
  ])('in SQLite, with columns %s', (_, type) => {
    const db = new DatabaseSync(':memory:')
    db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, a ${type}, b ${type})`)
    const insert = db.prepare('INSERT INTO t (a, b) VALUES (?, ?)')
    for (const a of [...TEXTS, ...NUMBERS, null]) for (const b of ['ada', 7, null]) insert.run(a, b)
    const all = db.prepare('SELECT id, a, b FROM t')
    all.setReadBigInts(true)
    const rows = (all.all() as { id: bigint; a: Scalar; b: Scalar }[]).map((row) => ({ ...row, id: Number(row.id) }))
    fc.assert(
      fc.property(filters, (filter) => {
        const { text, values } = scopeToSql(some(filter), { dialect: 'sqlite' })
        const listed = db.prepare(`SELECT id FROM t WHERE ${text} ORDER BY id`).all(...values) as { id: number }[]
        expect(listed.map(({ id }) => id)).toEqual(rows.filter((row) => matches(filter, row)).map(({ id }) => id))
      }),
      { numRuns: 300 },
    )
    db.close()
  })

  test('in MongoDB', () => {
    const documents = [...TEXTS, ...NUMBERS, null, true, false, ['ada'], [7]].flatMap((a) => [
      { a, b: 'ada' },
      { a, b: 7 },
      { a },
    ])
    fc.assert(
      fc.property(filters, (filter) => {
        const query = new Query(scopeToMongo(some(filter)) as never)
        expect(documents.filter((one) => query.test(one))).toEqual(documents.filter((one) => matches(filter, one)))
      }),
      { numRuns: 300 },
    )
  })
})

const access = createAccess({
  roles: {
    author: ['post:edit:own'],
    editor: ['author', 'post:edit:team', '!post:edit:locked'],
    judge: ['post:edit:odd'],
    admin: ['*', 'post:edit:odd'],
  },
  resources: {
    post: {
      id: 'key',
      rules: {
        own: { where: (person: Person) => ({ author: person.id }) },
        team: { where: () => [{ team: ['red', 'blue'] }, { team: null, status: 'open' }] },
        locked: { where: { locked: true } },
        odd: (_person: Person, post: { n: number }) => post.n % 2 === 1,
      },
    },
  },
})
const as = (...roles: string[]) => access.as({ id: 'ada', roles })

describe('scope', () => {
  test.each<[string, Scope]>([
    ['author', { kind: 'some', where: { op: 'in', field: 'author', values: ['ada'] } }],
    ['admin', { kind: 'all' }],
    ['nobody', { kind: 'none' }],
  ])('of %s', (role, scope) => expect(as(role).scope('post:edit')).toEqual(scope))

  test('says nothing but data', () => {
    const scope = as('editor').scope('post:edit')
    expect(JSON.parse(JSON.stringify(scope))).toEqual(scope)
  })

  test('holds exactly what can() allows, for every role and post', () => {
    const posts = ['ada', 'grace'].flatMap((author) =>
      ['red', 'green', null].flatMap((team) =>
        ['open', 'closed'].flatMap((status) => [true, false, null].map((locked) => ({ author, team, status, locked }))),
      ),
    )
    for (const role of ['author', 'editor', 'admin', 'nobody']) {
      const scope = as(role).scope('post:edit')
      for (const post of posts) {
        const listed = scope.kind === 'all' || (scope.kind === 'some' && matches(scope.where, post))
        expect(listed, `${role} ${JSON.stringify(post)}`).toBe(as(role).can('post:edit', post))
      }
    }
  })

  test('of a rule that is a function throws, unless the rule does not count', () => {
    expect(() => as('judge').scope('post:edit')).toThrow(/BULWARK_SCOPE_OPAQUE[\s\S]*rules\.odd/)
    expect(as('judge', 'admin').scope('post:edit')).toEqual({ kind: 'all' })
  })
})

describe('to SQL', () => {
  const scope = as('editor').scope('post:edit')

  test('numbers the placeholders of PostgreSQL from where the statement is, in order', () => {
    const { text, values } = scopeToSql(scope, { dialect: 'postgres', first: 3 })
    const numbers = [...text.matchAll(/\$(\d+)/g)].map(([, n]) => Number(n))
    expect(numbers).toEqual(values.map((_, i) => i + 3))
    expect(text).not.toMatch(/ada|red|open/)
  })

  test('takes the names of columns from a list', () => {
    const { text } = scopeToSql(as('author').scope('post:edit'), {
      dialect: 'mysql',
      columns: { author: 'p.author_id' },
    })
    expect(text).toContain('`p`.`author_id`')
  })

  test.each(['a"b', 'a`b', 'a b', '', 'p..a', 'constructor', '1'])('refuses the column %j', (name) => {
    expect(() => scopeToSql(as('author').scope('post:edit'), { dialect: 'sqlite', columns: { author: name } })).toThrow(
      'BULWARK_POLICY_INVALID',
    )
  })

  test('everything and nothing are conditions too', () => {
    expect(scopeToSql({ kind: 'all' }, { dialect: 'sqlite' })).toEqual({ text: '(1 = 1)', values: [] })
    expect(scopeToSql({ kind: 'none' }, { dialect: 'sqlite' })).toEqual({ text: '(1 = 0)', values: [] })
  })
})

describe('to MongoDB', () => {
  test('takes names of fields and the stored form of values', () => {
    const where: Filter = { op: 'in', field: 'key', values: ['5f'] }
    expect(scopeToMongo(some(where), { fields: { key: '_id' }, values: { _id: (text) => ({ hex: text }) } })).toEqual({
      $and: [{ _id: { $in: [{ hex: '5f' }] } }, { _id: { $not: { $type: 'array' } } }],
    })
  })

  test('refuses a field that would be an operator', () => {
    expect(() => scopeToMongo(some({ op: 'in', field: 'a', values: [1] }), { fields: { a: '$where' } })).toThrow(
      'BULWARK_POLICY_INVALID',
    )
  })
})
