import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { Pool } from 'pg'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Store } from '../../core/store.ts'
import { testSharedStore, testStore } from '../../testing/store.ts'
import { memoryStore } from '../memory.ts'
import { postgresStore } from '../postgres.ts'
import { type RedisClient, redisStore } from '../redis.ts'

const redisUrl = process.env['BULWARK_TEST_REDIS_URL']
const pgUrl = process.env['BULWARK_TEST_PG_URL']
const run = `t${randomBytes(6).toString('hex')}`
const farOff = 30 * 86_400_000
/** The machine may be busy with something else for long: only the tests of the deadline itself set a short one. */
const deadline = '20s'

interface Client {
  readonly name: string
  readonly url: string | undefined
  connect(url: string): Promise<{ open(space: string, now?: () => number): Store; end(): Promise<unknown> }>
  /** The text of a module that exports `store` of the space. */
  module(url: string, space: string): string
}

const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)

function redisLike(name: string, make: (url: string) => Promise<[RedisClient, () => Promise<unknown>]>): Client {
  return {
    name,
    url: redisUrl,
    connect: async (url) => {
      const [client, end] = await make(url)
      return {
        open: (space, now) => redisStore(client, { prefix: `${run}:${space}:`, deadline, ...(now && { now }) }),
        end,
      }
    },
    module: (url, space) => `
      import { Redis } from 'ioredis'
      import { redisStore } from ${here('../redis.ts')}
      const store = redisStore(new Redis(${JSON.stringify(url)}), { prefix: '${run}:${space}:', deadline: '${deadline}' })`,
  }
}

const clients: readonly Client[] = [
  redisLike('ioredis', async (url) => {
    const client = new Redis(url)
    return [client, () => client.quit()]
  }),
  redisLike('iovalkey', async (url) => {
    const client = new Valkey(url)
    return [client, () => client.quit()]
  }),
  redisLike('node-redis', async (url) => {
    const client = await createClient({ url }).connect()
    return [client, () => client.close()]
  }),
  {
    name: 'pg',
    url: pgUrl,
    connect: async (url) => {
      const pool = new Pool({ connectionString: url, max: 10 })
      await pool.query(`CREATE SCHEMA IF NOT EXISTS ${run}`)
      return {
        open: (space, now) => postgresStore(pool, { table: `${run}.${space}`, deadline, ...(now && { now }) }),
        end: async () => {
          await pool.query(`DROP SCHEMA IF EXISTS ${run} CASCADE`)
          await pool.end()
        },
      }
    },
    module: (url, space) => `
      import pg from 'pg'
      import { postgresStore } from ${here('../postgres.ts')}
      const pool = new pg.Pool({ connectionString: ${JSON.stringify(url)} })
      const store = postgresStore(pool, { table: '${run}.${space}', deadline: '${deadline}' })`,
  },
]

afterAll(async () => {
  if (!redisUrl) return
  const client = new Redis(redisUrl)
  const keys = await client.keys(`${run}:*`)
  if (keys.length > 0) await client.unlink(keys)
  await client.quit()
})

for (const { name, url, connect, module } of clients) {
  describe.skipIf(!url)(name, () => {
    let connection: Awaited<ReturnType<Client['connect']>>
    let other: Awaited<ReturnType<Client['connect']>>
    let spaces = 0
    const open = (now?: () => number): Store => connection.open(`${name.replace('-', '')}${++spaces}`, now)
    beforeAll(async () => {
      connection = await connect(url ?? '')
      other = await connect(url ?? '')
    })
    afterAll(async () => {
      await connection.end()
      await other.end()
    })

    // PostgreSQL keeps its promises beside its own tests, on connections that forget.
    if (name !== 'pg') testStore(name, open, { test, expect })
    testSharedStore(
      name,
      (clock) => {
        const space = `${name.replace('-', '')}${++spaces}`
        return [connection.open(space, clock), other.open(space, clock)]
      },
      { test, expect },
    )

    test('counts as the store in memory does, in any order of takes', async () => {
      let now = 1_800_000_000_000
      const store = open(() => now)
      const model = memoryStore({ now: () => now })
      const random = randomNumbers(20_260_711)
      const rates = [
        { burst: 10, period: 1000 },
        { burst: 7, period: 10_001 },
        { burst: 1, period: 86_400_000 },
        { burst: 1_000_000, period: 60_000 },
        { burst: 2 ** 26, period: 2 ** 26 },
      ]
      for (let step = 0; step < 250; step++) {
        now += random(4) === 0 ? random(3000) : random(40)
        const which = random(rates.length)
        const rate = rates[which] ?? { burst: 1, period: 1 }
        const cost = random(3) === 0 ? random(rate.burst + 2) - random(3) : 1
        const [taken, expected] = [await store.take(`k${which}`, rate, cost), model.take(`k${which}`, rate, cost)]
        expect(taken, `step ${step}: ${cost} of ${rate.burst} in ${rate.period}`).toEqual(expected)
      }
    })

    test("by the server's clock, what was taken comes back, and a value goes", async () => {
      const store = open()
      expect(await store.take('k', { burst: 1, period: 200 })).toMatchObject({ allowed: true, remaining: 0 })
      while (!(await store.take('k', { burst: 1, period: 200 })).allowed) await pause(20)
      await store.put('k', 'v', { ttl: 200, owner: 'ann' })
      while ((await store.get('k')) !== undefined) await pause(20)
      expect(await store.keysOf('ann')).toEqual([])
    })

    test('two stores of other names share nothing', async () => {
      const [one, two] = [open(), open()]
      await one.put('k', 'v', { ttl: farOff, owner: 'ann' })
      expect(await two.get('k')).toBeUndefined()
      expect(await two.keysOf('ann')).toEqual([])
      expect(await two.delete('k')).toBe(false)
      expect(await one.get('k')).toMatchObject({ value: 'v' })
    })

    test('values of a megabyte come and go, many at once', async () => {
      const store = open()
      const values = Array.from({ length: 8 }, (_, index) => `${index}é`.repeat(2 ** 18))
      await Promise.all(values.map(async (value, index) => store.put(`k${index}`, value, { ttl: farOff })))
      const got = await Promise.all(values.map(async (_, index) => store.get(`k${index}`)))
      expect(got.every((entry, index) => entry?.value === values[index])).toBe(true)
    })

    test('1,000 who count with versions at once lose no increment', async () => {
      const store = open()
      const counters = Array.from({ length: 50 }, (_, index) => `k${index}`)
      await Promise.all(counters.map(async (key) => store.put(key, '0', { ttl: farOff })))
      await Promise.all(Array.from({ length: 1000 }, async (_, index) => increment(store, `k${index % 50}`)))
      for (const key of counters) expect((await store.get(key))?.value).toBe('20')
    })

    test('what is prolonged while all of its owner is deleted does not survive', async () => {
      const store = open()
      for (let round = 0; round < 5; round++) {
        for (let index = 0; index < 10; index++) await store.put(`k${index}`, 'v', { ttl: farOff, owner: 'ann' })
        let isOver = false
        const touching = Array.from({ length: 10 }, async (_, index) => {
          while (!isOver) {
            const entry = await store.get(`k${index}`)
            if (!entry) return
            await store.put(`k${index}`, 'v', { ttl: farOff, owner: 'ann', expected: entry.version })
          }
        })
        const listed = await store.keysOf('ann')
        expect(listed.length, 'listed while they are prolonged').toBe(10)
        expect(await store.deleteAllOf('ann')).toBe(10)
        isOver = true
        await Promise.all(touching)
        expect(await store.keysOf('ann')).toEqual([])
        for (let index = 0; index < 10; index++) expect(await store.get(`k${index}`)).toBeUndefined()
      }
    })

    test('a closed store refuses, and leaves the client to the app', async () => {
      const store = open()
      await store.put('k', 'v', { ttl: farOff })
      await store.close?.()
      await expect(store.get('k')).rejects.toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE' })
      expect(await open().get('k')).toBeUndefined()
      expect(store.shared).toBe(true)
    })

    if (name !== 'ioredis' && name !== 'pg') return

    test('several processes that take and count at once admit exactly the burst, and lose nothing', async () => {
      const space = `processes${name}`
      const store = connection.open(space)
      const program = `
        let admitted = 0
        await Promise.all(Array.from({ length: 150 }, async () => {
          if ((await store.take('k', { burst: 200, period: ${farOff} })).allowed) admitted++
        }))
        for (let done = 0; done < 25; ) {
          const entry = await store.get('n')
          const next = String(Number(entry?.value ?? 0) + 1)
          if (await store.put('n', next, { ttl: ${farOff}, expected: entry?.version ?? 0 }) !== undefined) done++
        }
        console.log(admitted)`
      const children = await start([program, program, program], module(url ?? '', space))
      const admitted = await Promise.all(children.map(async (child) => Number(await child.line())))
      expect(admitted.reduce((sum, count) => sum + count)).toBe(200)
      expect((await store.get('n'))?.value).toBe('75')
      expect(await store.take('k', { burst: 200, period: farOff })).toMatchObject({ allowed: false, remaining: 0 })
    })
  })
}

async function increment(store: Store, key: string): Promise<void> {
  for (let losses = 0; ; losses++) {
    // Whoever loses comes back later and later: a thousand at once would only keep each other from winning.
    await pause(Math.random() * 10 * losses)
    const entry = await store.get(key)
    if (!entry) throw new Error('the counter is gone')
    const next = `${Number(entry.value) + 1}`
    if ((await store.put(key, next, { ttl: farOff, expected: entry.version })) !== undefined) return
  }
}

/** The same numbers in each run (Lehmer's generator). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 0x7fffffff
    return state % below
  }
}

interface Child {
  line(): Promise<string | undefined>
}

/** Starts one process for each program, and lets all of them run once every one is connected. */
async function start(programs: readonly string[], storeModule: string): Promise<Child[]> {
  const started: [ChildProcess, Child][] = programs.map((program) => {
    const source = `${storeModule}
      import { once } from 'node:events'
      await store.get('warm')
      console.log('ready')
      await once(process.stdin, 'data')
      ${program}
      process.exit(0)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', source], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return [child, { line: async () => (await lines.next()).value }]
  })
  for (const [, child] of started) expect(await child.line()).toBe('ready')
  for (const [child] of started) child.stdin?.write('go\n')
  return started.map(([, child]) => child)
}
