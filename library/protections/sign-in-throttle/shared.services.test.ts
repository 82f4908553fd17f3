import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { describe, expect, test } from 'vitest'
import type { Store } from '../../core/store.ts'
import { postgresStore } from '../../stores/postgres.ts'
import { redisStore } from '../../stores/redis.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { signInThrottle, type TrySignIn } from './guard.ts'

const run = `t${randomBytes(6).toString('hex')}`
const redisUrl = process.env['BULWARK_TEST_REDIS_URL']
const postgresUrl = process.env['BULWARK_TEST_PG_URL']
const GUESSES = 1000
const KEYS = ['k3y-0123456789-abcdefghijklmnopqrstuvwxyz']

interface Flood {
  /** Addresses that the guesses come from. */
  readonly ip: (i: number) => string
  readonly limit: number
}

const kinds: Readonly<Record<string, Flood>> = {
  'from as many addresses': { ip: (i) => `198.51.${i >> 8}.${i % 256}`, limit: 10 },
  'from one address': { ip: () => '203.0.113.7', limit: 5 },
}

/** Guesses of one account at the same moment, at two processes with one store: how many were checked, for each kind of crowd. */
async function floods(store: Store): Promise<Record<string, { checked: number; refused: number; reports: number }>> {
  const result: Record<string, { checked: number; refused: number; reports: number }> = {}
  for (const [kind, { ip }] of Object.entries(kinds)) {
    const setups = [setup({ store, keys: KEYS, app: kind }), setup({ store, keys: KEYS, app: kind })]
    const doors = setups.map((each) => signInThrottle({ pair: '5/1d', account: '10/1d' }, each).offers?.['trySignIn'])
    let checked = 0
    let refused = 0
    const guess = async (_: unknown, i: number): Promise<void> => {
      const trySignIn = doors[i % 2]?.(exchange({ ip: ip(i) })) as TrySignIn
      const check = (): boolean => {
        checked++
        return false
      }
      await trySignIn('ada', check).catch((error: { readonly status?: number }) => {
        if (error.status === 429) refused++
        else throw error
      })
    }
    await Promise.all(Array.from({ length: GUESSES }, guess))
    result[kind] = { checked, refused, reports: setups[0]!.reports.length + setups[1]!.reports.length }
  }
  return result
}

const EXPECTED: Record<string, object> = Object.fromEntries(
  Object.entries(kinds).map(([kind, { limit }]) => [kind, { checked: limit, refused: GUESSES - limit, reports: 0 }]),
)

describe('a thousand guesses at the same moment at two processes are checked up to the limit', () => {
  test.skipIf(!redisUrl)('counted in Redis', async () => {
    const client = new Redis(redisUrl ?? '')
    try {
      expect(await floods(redisStore(client, { prefix: `${run}:`, deadline: '20s' }))).toEqual(EXPECTED)
    } finally {
      await client.unlink(await client.keys(`${run}:*`))
      await client.quit()
    }
  })

  test.skipIf(!postgresUrl)('counted in PostgreSQL', async () => {
    const pool = new Pool({ connectionString: postgresUrl, max: 10 })
    try {
      await pool.query(`CREATE SCHEMA ${run}`)
      expect(await floods(postgresStore(pool, { table: `${run}.s`, deadline: '20s' }))).toEqual(EXPECTED)
    } finally {
      await pool.query(`DROP SCHEMA ${run} CASCADE`)
      await pool.end()
    }
  })
})
