import { expect, test } from 'vitest'
import { type PostgresPool, postgresSchema, postgresStore } from './postgres.ts'

function recording(): { pool: PostgresPool; texts: string[] } {
  const texts: string[] = []
  const pool: PostgresPool = {
    query: async (text) => {
      texts.push(text)
      return { rows: [] }
    },
  }
  return { pool, texts }
}

test('a PostgreSQL store is shared, and asks nothing before it is used', async () => {
  const { pool, texts } = recording()
  const store = postgresStore(pool)
  expect(store).toMatchObject({ name: 'postgres', shared: true })
  await store.close?.()
  expect(texts).toEqual([])
})

test.each(['', '.', 'a.', '.a', 'a.b.c', 'a b', 'a"b', "a'; DROP TABLE users; --", '1a', 'a'.repeat(41)])(
  '%j is no name for tables',
  (table) => {
    expect(() => postgresStore(recording().pool, { table })).toThrow(
      expect.objectContaining({ code: 'BULWARK_POLICY_INVALID' }),
    )
    expect(() => postgresSchema(table)).toThrow(expect.objectContaining({ code: 'BULWARK_POLICY_INVALID' }))
  },
)

test('a deadline that is none is refused at once', () => {
  expect(() => postgresStore(recording().pool, { deadline: 'soon' })).toThrow(
    expect.objectContaining({ code: 'BULWARK_DURATION_INVALID' }),
  )
})

test('each method is one statement, without anything that a session would have to remember', async () => {
  const { pool, texts } = recording()
  const store = postgresStore(pool, { table: 'Security.bulwark' })
  await store.get('k')
  await store.put('k', 'v', { ttl: 1000, owner: 'ann' })
  await store.put('k', 'v', { ttl: 1000, expected: 0 })
  await store.put('k', 'v', { ttl: 1000, expected: 7 })
  await store.delete('k')
  await store.keysOf('ann')
  await store.deleteAllOf('ann')
  const [preparation, ...statements] = texts
  expect(preparation).toMatch(/^DO /)
  expect(statements).toHaveLength(7)
  for (const text of statements) {
    expect(text).toContain('"Security"."bulwark_entries"')
    expect(text).not.toMatch(/\b(?:PREPARE|LISTEN|TEMP|SET LOCAL|pg_advisory_lock)\b|;/)
  }
})

test('an answer without rows, where there must be one, is an error, and no limit', async () => {
  await expect(postgresStore(recording().pool).take('k', { burst: 1, period: 1000 })).rejects.toThrow()
})
