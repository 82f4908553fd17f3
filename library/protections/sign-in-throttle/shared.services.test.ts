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
const GUESSES = 300
const KEYS = ['k3y-0123456789-abcdefghijklmnopqrstuvwxyz']

/** Guesses of one account from many addresses at the same moment, at two processes with one store. */
async function checkedOf(store: Store): Promise<{ checked: number; reports: number }> {
  const setups = [setup({ store, keys: KEYS }), setup({ store, keys: KEYS })]
  const doors = setups.map((each) => signInThrottle({ account: '10/1d' }, each).offers?.['trySignIn'])
  let checked = 0
  const guess = async (_: unknown, i: number): Promise<void> => {
    const trySignIn = doors[i % 2]?.(exchange({ ip: `198.51.${i >> 8}.${i % 256}` })) as TrySignIn
    await trySignIn('ada', () => {
      checked++
      return false
    }).catch((error: unknown) => expect(error).toMatchObject({ status: 429 }))
  }
  await Promise.all(Array.from({ length: GUESSES }, guess))
  return { checked, reports: setups[0]!.reports.length + setups[1]!.reports.length }
}

describe('guesses at the same moment at two processes are checked up to the limit', () => {
  test.skipIf(!redisUrl)('counted in Redis', async () => {
    const client = new Redis(redisUrl ?? '')
    try {
      expect(await checkedOf(redisStore(client, { prefix: `${run}:`, deadline: '20s' }))).toEqual({
        checked: 10,
        reports: 0,
      })
    } finally {
      await client.unlink(await client.keys(`${run}:*`))
      await client.quit()
    }
  })

  test.skipIf(!postgresUrl)('counted in PostgreSQL', async () => {
    const pool = new Pool({ connectionString: postgresUrl, max: 10 })
    try {
      await pool.query(`CREATE SCHEMA ${run}`)
      expect(await checkedOf(postgresStore(pool, { table: `${run}.s`, deadline: '20s' }))).toEqual({
        checked: 10,
        reports: 0,
      })
    } finally {
      await pool.query(`DROP SCHEMA ${run} CASCADE`)
      await pool.end()
    }
  })
})
