import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Server } from '../scripts/servers/process.ts'
import { startRedis } from '../scripts/servers/redis.ts'
import { find, redis } from '../scripts/services.ts'
import { type Browser, openBrowser } from './browser.ts'
import { Crowd } from './life.ts'
import { ada } from './shared/seed.ts'
import { twoProcesses } from './two.ts'

const url = process.env['BULWARK_TEST_PG_URL']
const program = find(redis)

describe.skipIf(!url || !program)('on PostgreSQL and Redis', () => {
  const schema = `blog_${randomBytes(6).toString('hex')}`
  let server: Server
  let pool: pg.Pool
  const ours: Browser[] = []

  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: url, max: 1 })
    await pool.query(`CREATE SCHEMA ${schema}`)
    // Acknowledged means on the disk: without it Redis may lose its last second when the machine stops.
    server = await startRedis(program ?? '', ['--appendonly', 'yes', '--appendfsync', 'always'])
  })
  afterAll(async () => {
    await pool?.query(`DROP SCHEMA ${schema} CASCADE`)
    await pool?.end()
    await server?.stop()
  })

  const where = () => {
    const database = new URL(url ?? '')
    database.searchParams.set('options', `-c search_path=${schema}`)
    return { DATABASE_URL: database.href, REDIS_URL: server.url }
  }

  twoProcesses('two processes', where, (both) => {
    test('lose nothing that was acknowledged when Redis is killed, and let nobody in while it is away', async () => {
      const { origin } = both.balancer
      const own = openBrowser(origin)
      expect((await own.post('/sign-in', ada)).status).toBe(303)
      ours.push(own)
      const crowd = new Crowd(origin, 'otter')
      const running = crowd.run()
      await pause(500)
      await server.crash()
      // Whoever is signed in is not suddenly a guest, and nobody can sign in.
      expect((await own.call('GET', '/api/me')).status).toBe(503)
      expect((await openBrowser(origin).post('/sign-in', ada)).status).toBeGreaterThanOrEqual(500)
      await server.restart()
      // Nobody restarts the blog: both processes find back by themselves.
      let good = 0
      for (let i = 0; i < 100 && good < 4; i++) {
        await pause(200)
        good = (await own.call('GET', '/api/me')).status === 200 ? good + 1 : 0
      }
      expect(good).toBe(4)
      crowd.stop()
      await running
      expect(crowd.interrupted).toBeGreaterThan(0)
      expect((await own.call('GET', '/api/me')).json()).toMatchObject({ displayName: 'Ada' })
      expect(crowd.people.length).toBeGreaterThan(1)
      expect(await crowd.missing()).toEqual([])
    })
  })

  test('people are in PostgreSQL, and sessions in Redis, under other names than the cookies have', async () => {
    const { rows } = await pool.query(`SELECT id FROM ${schema}.people WHERE "displayName" = 'Ada'`)
    expect(rows).toHaveLength(1)
    const client = new Redis(server.url)
    const keys = await client.keys('*')
    const kept = JSON.stringify([keys, await Promise.all(keys.map((key) => client.dump(key)))])
    client.disconnect()
    expect(keys.length).toBeGreaterThan(0)
    const cookies = ours.flatMap((browser) => browser.headers()['Cookie']?.split('; ') ?? [])
    const ids = cookies.filter((pair) => pair.includes('session=')).map((pair) => pair.slice(pair.indexOf('=') + 1))
    expect(ids.length).toBeGreaterThan(0)
    for (const id of ids) expect(kept).not.toContain(id)
  })
})
