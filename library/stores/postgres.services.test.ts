import { randomBytes } from 'node:crypto'
import { Pool, type PoolClient } from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Store } from '../core/store.ts'
import { testStore } from '../testing/store.ts'
import { type PostgresPool, type PostgresStoreOptions, postgresSchema, postgresStore } from './postgres.ts'

const url = process.env['BULWARK_TEST_PG_URL']
const schema = `t${randomBytes(6).toString('hex')}`
const farOff = 30 * 86_400_000

describe.skipIf(!url)('postgres', () => {
  let pool: Pool
  let spaces = 0
  const open = (over: PostgresPool = pool, options: PostgresStoreOptions = {}): Store =>
    postgresStore(over, { table: `${schema}.s${++spaces}`, deadline: '20s', ...options })
  const table = (kind: 'entries' | 'limits'): string => `${schema}.s${spaces}_${kind}`
  const count = async (kind: 'entries' | 'limits'): Promise<number> => {
    const { rows } = await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table(kind)}`)
    return rows[0]?.n ?? -1
  }

  beforeAll(async () => {
    pool = new Pool({ connectionString: url, max: 10 })
    await pool.query(`CREATE SCHEMA ${schema}`)
  })
  afterAll(async () => {
    await pool.query(`DROP SCHEMA ${schema} CASCADE`)
    await pool.end()
  })

  testStore('one connection that forgets all after each statement', (now) => open(forgetful(), { now }), {
    test,
    expect,
  })

  test('many can be the first to use it', async () => {
    for (let round = 0; round < 5; round++) {
      spaces++
      const stores = Array.from({ length: 8 }, () =>
        postgresStore(pool, { table: `${schema}.s${spaces}`, deadline: '20s' }),
      )
      const takes = await Promise.all(stores.map((store) => store.take('k', { burst: 3, period: farOff })))
      expect(takes.filter(({ allowed }) => allowed).length).toBe(3)
    }
  })

  test('one store that is used many times at once before its tables are there makes them once', async () => {
    let preparations = 0
    const store = open({
      query: (text, values) => {
        if (text.startsWith('DO')) preparations++
        return pool.query(text, values)
      },
    })
    await Promise.all(Array.from({ length: 50 }, (_, index) => store.put(`k${index}`, 'v', { ttl: farOff })))
    expect([preparations, await count('entries')]).toEqual([1, 50])
  })

  test('an account that may only use the tables is enough where a migration has made them', async () => {
    const name = `${schema}_app`
    spaces++
    const [entries, limits] = [table('entries'), table('limits')]
    await pool.query(postgresSchema(`${schema}.s${spaces}`))
    await pool.query(`CREATE ROLE ${name}; GRANT USAGE ON SCHEMA ${schema} TO ${name};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ${entries}, ${limits} TO ${name}`)
    const client = await pool.connect()
    onTestFinished(async () => {
      await client.query('RESET ROLE')
      client.release()
      await pool.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`)
    })
    await client.query(`SET ROLE ${name}`)
    const store = postgresStore(client, { table: `${schema}.s${spaces}`, deadline: '20s' })
    expect(await store.put('k', 'v', { ttl: farOff, owner: 'ann' })).toBeTypeOf('number')
    expect(await store.take('k', { burst: 1, period: farOff })).toMatchObject({ allowed: true })
    expect(await store.deleteAllOf('ann')).toBe(1)
    await expect(open(client).get('k')).rejects.toMatchObject({
      code: 'BULWARK_STORE_UNAVAILABLE',
      message: expect.stringContaining('permission denied'),
    })
  })

  test('tables that are lost are made anew', async () => {
    const store = open()
    await store.put('k', 'v', { ttl: farOff })
    await pool.query(`DROP TABLE ${table('entries')}, ${table('limits')}`)
    await expect(store.get('k')).rejects.toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE' })
    expect(await store.get('k')).toBeUndefined()
    expect(await store.take('k', { burst: 1, period: farOff })).toMatchObject({ allowed: true })
  })

  test('tables without a schema are where the search path says', async () => {
    const client = await pool.connect()
    onTestFinished(async () => {
      await client.query('RESET search_path')
      client.release()
    })
    await client.query(`SET search_path TO ${schema}`)
    const store = postgresStore(client, { deadline: '20s' })
    await store.put('k', 'v', { ttl: farOff })
    const { rows } = await pool.query(`SELECT key FROM ${schema}.bulwark_entries`)
    expect(rows).toEqual([{ key: 'k' }])
  })

  test('long keys and owners that nothing can compress are whole', async () => {
    const store = open()
    const [key, owner] = [randomBytes(10_000).toString('hex'), randomBytes(10_000).toString('hex')]
    await store.put(key, 'v', { ttl: farOff, owner })
    expect(await store.keysOf(owner)).toEqual([key])
    expect(await store.take(key, { burst: 1, period: farOff })).toMatchObject({ allowed: true })
    expect(await store.get(`${key}0`)).toBeUndefined()
  })

  test('many connections that take from one limit at once admit exactly the burst, and each a place of its own', async () => {
    const store = open()
    for (let round = 0; round < 5; round++) {
      const rate = { burst: 50, period: farOff }
      const takes = await Promise.all(Array.from({ length: 200 }, () => store.take(`k${round}`, rate)))
      const admitted = takes.filter(({ allowed }) => allowed)
      expect(admitted.length).toBe(50)
      expect(new Set(admitted.map(({ remaining }) => remaining)).size).toBe(50)
    }
  })

  test('a take that has waited for another one counts by the time at which it is its turn', async () => {
    const store = open()
    const rate = { burst: 2, period: 400 }
    await store.take('k', rate)
    const other = await pool.connect()
    onTestFinished(() => other.release())
    await other.query('BEGIN')
    const full = `UPDATE ${table('limits')} SET level = 800, at = floor(extract(epoch FROM clock_timestamp()) * 1000)`
    await other.query(full)
    const taking = store.take('k', rate)
    while ((await waiting()) === 0);
    // Half of it comes back while the take waits.
    await other.query('SELECT pg_sleep(0.25)')
    await other.query('COMMIT')
    expect(await taking).toMatchObject({ allowed: true })
  })

  test('a take that seemed to fit when it began is refused, and takes nothing, when another one was first', async () => {
    const store = open()
    const rate = { burst: 3, period: farOff }
    await store.take('k', rate)
    const other = await pool.connect()
    onTestFinished(() => other.release())
    await other.query('BEGIN')
    await other.query(`UPDATE ${table('limits')} SET level = 2 * period`)
    const taking = store.take('k', rate, 2)
    while ((await waiting()) === 0);
    await other.query('COMMIT')
    expect(await taking).toMatchObject({ allowed: false, remaining: 1 })
    expect(await store.take('k', rate, 0)).toMatchObject({ remaining: 1 })
  })

  test('being refused writes nothing, and neither does looking', async () => {
    const store = open()
    const place = async (): Promise<unknown> => (await pool.query(`SELECT ctid, xmin FROM ${table('limits')}`)).rows
    await store.take('k', { burst: 1, period: farOff })
    const before = await place()
    for (let time = 0; time < 5; time++) await store.take('k', { burst: 1, period: farOff })
    await store.take('k', { burst: 1, period: farOff }, 0)
    await store.take('unknown', { burst: 1, period: farOff }, 0)
    expect(await place()).toEqual(before)
  })

  test('what has expired leaves the tables in small steps, as others are written', async () => {
    let now = 1_800_000_000_000
    const store = open(pool, { now: () => now })
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        await store.put(`old${index}`, 'v', { ttl: 1000 })
        await store.put(`live${index}`, 'v', { ttl: farOff })
        await store.take(`old${index}`, { burst: 1, period: 1000 })
      }),
    )
    expect([await count('entries'), await count('limits')]).toEqual([600, 300])
    now += 2000
    for (let index = 0; index < 200 && (await count('entries')) + (await count('limits')) > 300; index++) {
      await Promise.all(Array.from({ length: 32 }, () => store.put('live0', 'v', { ttl: farOff })))
    }
    expect([await count('entries'), await count('limits')]).toEqual([300, 0])
    await store.close?.()
  })

  test('sweeping waits for nobody', async () => {
    let now = 1_800_000_000_000
    const store = open(pool, { now: () => now })
    for (const key of ['a', 'b']) await store.put(key, 'v', { ttl: 1000 })
    now += 2000
    const other = await pool.connect()
    onTestFinished(() => other.release())
    await other.query('BEGIN')
    await other.query(`SELECT 1 FROM ${table('entries')} WHERE key = 'a' FOR UPDATE`)
    while ((await count('entries')) > 2 || (await store.put('c', 'v', { ttl: farOff })) === undefined);
    for (let index = 0; index < 128; index++) await store.put('c', 'v', { ttl: farOff })
    await store.close?.()
    const { rows } = await pool.query(`SELECT key FROM ${table('entries')} ORDER BY key`)
    expect(rows).toEqual([{ key: 'a' }, { key: 'c' }])
    await other.query('COMMIT')
  })

  test('numbers are right, whatever the app does with the types of the database', async () => {
    const types = { getTypeParser: () => (text: string) => `not ${text}` }
    const odd = new Pool({ connectionString: url, max: 2, types: types as never })
    onTestFinished(() => odd.end())
    const store = open(odd)
    const plain = postgresStore(pool, { table: `${schema}.s${spaces}`, deadline: '20s' })
    await plain.put('k', '1', { ttl: farOff })
    // Text is the one type that such an app must leave alone.
    types.getTypeParser = ((oid: number) => (text: string) => (oid === 25 ? text : `not ${text}`)) as never
    expect(await store.get('k')).toEqual(await plain.get('k'))
    expect(await store.take('k', { burst: 2, period: farOff })).toMatchObject({ allowed: true, remaining: 1 })
    expect(await store.delete('k')).toBe(true)
  })

  /** What PgBouncer makes of a pool when it pools transactions: the next statement meets another session. */
  function forgetful(): PostgresPool {
    return {
      query: async (text, values) => {
        const client: PoolClient = await pool.connect()
        try {
          return await client.query(text, values)
        } finally {
          await client.query('DISCARD ALL')
          client.release()
        }
      },
    }
  }

  async function waiting(): Promise<number> {
    const { rows } = await pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${table('limits').split('.')[1]}%'`,
    )
    return rows[0]?.n ?? 0
  }
})
