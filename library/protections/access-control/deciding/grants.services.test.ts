import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { describe, expect, test } from 'vitest'
import type { Store } from '../../../core/store.ts'
import { postgresStore } from '../../../stores/postgres.ts'
import { redisStore } from '../../../stores/redis.ts'
import { exchange, setup } from '../../../testing/exchange.ts'
import { accessControl } from '../guard.ts'
import { createGrants } from '../index.ts'

const run = `t${randomBytes(6).toString('hex')}`
const redisUrl = process.env['BULWARK_TEST_REDIS_URL']
const postgresUrl = process.env['BULWARK_TEST_PG_URL']
const doc = { id: 7, owner: 'ada' }

/** Asks in one process whether grace may edit, as her next request would. */
async function mayEdit(store: Store): Promise<boolean> {
  const guard = accessControl(
    {
      roles: { member: ['doc:edit:own'], admin: ['*'] },
      resources: { doc: { rules: { own: { where: (person) => ({ owner: person.id }) } } } },
      identify: () => ({ id: 'grace', roles: ['member'] }),
      grants: true,
    },
    setup({ store, app: run }),
  )
  const x = exchange({ contract: { allow: 'anyone' } })
  expect(await guard.onRoute?.(x)).toBeUndefined()
  const can = guard.offers?.['can']?.(x) as ((permission: string, object: object) => boolean) | undefined
  return can?.('doc:edit', doc) ?? false
}

/** Grants in one process, asks in another; and many grant at once in both. */
async function inTwoProcesses(here: Store, there: Store): Promise<void> {
  const [ours, theirs] = [createGrants(here, run), createGrants(there, run)]
  expect(await mayEdit(there)).toBe(false)
  await ours.allow({ person: 'grace' }, 'doc:edit', doc.id)
  expect(await mayEdit(there)).toBe(true)
  await theirs.deny({ role: 'member' }, 'doc:edit', doc.id)
  expect(await mayEdit(here)).toBe(false)
  await ours.revoke({ role: 'member' }, 'doc:edit', doc.id)
  expect(await mayEdit(there)).toBe(true)
  await theirs.revoke({ person: 'grace' }, 'doc:edit', doc.id)
  expect(await mayEdit(here)).toBe(false)

  const ids = Array.from({ length: 16 }, (_, i) => i)
  await Promise.all(ids.map((id) => (id % 2 === 0 ? ours : theirs).allow({ person: 'linus' }, 'doc:edit', id)))
  const stored = await ours.of({ person: 'linus' })
  expect(stored.map(({ object }) => Number(object)).sort((a, b) => a - b)).toEqual(ids)
}

describe('a grant holds from the next request on in every process, and none is lost', () => {
  test.skipIf(!redisUrl)('in Redis', async () => {
    const clients = [new Redis(redisUrl ?? ''), new Redis(redisUrl ?? '')] as const
    try {
      await inTwoProcesses(redisStore(clients[0], { prefix: run }), redisStore(clients[1], { prefix: run }))
    } finally {
      for (const client of clients) client.disconnect()
    }
  })

  test.skipIf(!postgresUrl)('in PostgreSQL', async () => {
    const pools = [0, 1].map(() => new Pool({ connectionString: postgresUrl, max: 4 })) as [Pool, Pool]
    try {
      await pools[0].query(`CREATE SCHEMA ${run}`)
      await inTwoProcesses(
        postgresStore(pools[0], { table: `${run}.s`, deadline: '20s' }),
        postgresStore(pools[1], { table: `${run}.s`, deadline: '20s' }),
      )
    } finally {
      await pools[0].query(`DROP SCHEMA IF EXISTS ${run} CASCADE`)
      for (const pool of pools) await pool.end()
    }
  })
})
