import { expect, test } from 'vitest'
import { plain } from '../../../testing/accounts/cases.ts'
import type { AccountStore } from '../../store.ts'
import { type MongodbDatabase, mongodbAccountStore } from '../mongodb.ts'
import { type MysqlPool, mysqlAccountSchema, mysqlAccountStore } from '../mysql.ts'
import { type PostgresPool, postgresAccountSchema, postgresAccountStore } from '../postgres.ts'

/** A driver that answers each question with the next of these, and goes on with the last. */
function answering(...answers: unknown[]): { asked: unknown[]; ask: (question: unknown) => Promise<never> } {
  const asked: unknown[] = []
  return {
    asked,
    ask: async (question) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)]
      asked.push(question)
      if (answer instanceof Error) throw answer
      return answer as never
    },
  }
}

const failed = (more: object): Error => Object.assign(new Error('no'), more)
const deadlock = failed({ code: '40P01', severity: 'ERROR' })
const mysqlDeadlock = failed({ code: 'ER_LOCK_DEADLOCK', errno: 1213, sqlState: '40001' })

function postgres(...answers: unknown[]): { store: AccountStore; asked: unknown[] } {
  const { asked, ask } = answering(...answers)
  return { asked, store: postgresAccountStore({ query: ask } satisfies PostgresPool) }
}

/** After the question whether writes are kept. */
function mysql(...answers: unknown[]): { store: AccountStore; asked: unknown[] } {
  const { asked, ask } = answering([[{ autocommit: 1 }], []], ...answers)
  return { asked, store: mysqlAccountStore({ query: ask } satisfies MysqlPool) }
}

const row = { id: 'ann', body: JSON.stringify(plain('ann')), version: '1' }

test('a store asks nothing before it is used', async () => {
  const { store, asked } = postgres({ rows: [] })
  expect(store.name).toBe('postgres')
  await store.close?.()
  expect(asked).toEqual([])
})

test('what the server has undone in favour of another is tried again, a few times', async () => {
  const pg = postgres(deadlock, failed({ code: '40001', severity: 'ERROR' }), { rows: [{ id: 'ann' }] })
  expect(await pg.store.create(plain('ann'))).toMatchObject({ version: 1 })
  expect(pg.asked.length).toBe(3)
  const my = mysql(mysqlDeadlock, [{ affectedRows: 1 }, undefined])
  expect(await my.store.create(plain('ann'))).toMatchObject({ version: 1 })
  for (const { store, asked } of [postgres(deadlock), mysql(mysqlDeadlock)]) {
    const before = store.name === 'mysql' ? 1 : 0
    await expect(store.create(plain('ann'))).rejects.toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE' })
    expect(asked.length - before).toBe(4)
  }
})

test('nothing else is tried again: it may have been carried out', async () => {
  const { store, asked } = postgres(failed({ code: 'ECONNRESET' }))
  await expect(store.create(plain('ann'))).rejects.toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE' })
  expect(asked.length).toBe(1)
})

test('what the server refuses never closes the store for others', async () => {
  for (const refusal of [failed({ code: '53100', severity: 'ERROR' }), failed({ errno: 1114, sqlState: 'HY000' })]) {
    const { store, asked } = 'severity' in refusal ? postgres(refusal) : mysql(refusal)
    for (let time = 0; time < 20; time++) await expect(store.create(plain('ann'))).rejects.toThrow('no')
    expect(asked.length).toBeGreaterThanOrEqual(20)
  }
})

test('a server that is away is left alone after five questions', async () => {
  const { store, asked } = postgres(failed({ code: 'ECONNREFUSED' }))
  for (let time = 0; time < 20; time++) {
    await expect(store.get('ann')).rejects.toMatchObject({
      code: 'BULWARK_STORE_UNAVAILABLE',
      at: 'postgresAccountStore(pool)',
    })
  }
  expect(asked.length).toBe(5)
})

test('a pool of another kind is an error, and no account', async () => {
  await expect(mysql({ insertId: 1 }).store.create(plain('ann'))).rejects.toMatchObject({
    code: 'BULWARK_STORE_UNAVAILABLE',
  })
  const callbacks = { query: () => ({ on: () => undefined }) } as unknown as MysqlPool
  await expect(mysqlAccountStore(callbacks).get('ann')).rejects.toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE' })
})

test('a row of somebody else is an error, and no account', async () => {
  const { store } = postgres({ rows: [{ ...row, id: 'bob' }] })
  await expect(store.get('bob')).rejects.toMatchObject({ code: 'BULWARK_ACCOUNT_INVALID' })
})

test.each(['', '.', 'a.', '.a', 'a.b.c', 'a b', 'a"b', 'a`b', "a'; DROP TABLE users; --", '1a', 'é', 'a'.repeat(49)])(
  '%j is no name for a table',
  (table) => {
    const pool = { query: answering([]).ask }
    const invalid: unknown = expect.objectContaining({ code: 'BULWARK_POLICY_INVALID' })
    expect(() => postgresAccountStore(pool, { table })).toThrow(invalid)
    expect(() => mysqlAccountStore(pool, { table })).toThrow(invalid)
    expect(() => postgresAccountSchema(table)).toThrow(invalid)
    expect(() => mysqlAccountSchema(table)).toThrow(invalid)
  },
)

test.each(['', '$cmd', 'a\0b', 'system.users', 'a b', '.a'])('%j is no name for a collection', (collection) => {
  const db = { collection: () => expect.fail('it was used') } satisfies MongodbDatabase
  expect(() => mongodbAccountStore(db, { collection })).toThrow(
    expect.objectContaining({ code: 'BULWARK_POLICY_INVALID' }),
  )
})

test('a deadline that is none is refused at once', () => {
  const invalid: unknown = expect.objectContaining({ code: 'BULWARK_DURATION_INVALID' })
  expect(() => postgresAccountStore({ query: answering([]).ask }, { deadline: 'soon' })).toThrow(invalid)
  expect(() => mysqlAccountStore({ query: answering([]).ask }, { deadline: 0 })).toThrow(invalid)
})

test('schemas name their table, quoted, and compare byte by byte', () => {
  expect(postgresAccountSchema('people.accounts')).toMatch(/"people"\."accounts".*email text COLLATE "C" UNIQUE/s)
  expect(mysqlAccountSchema('people.accounts')).toMatch(/`people`\.`accounts`.*email varbinary\(1024\) UNIQUE/s)
})
