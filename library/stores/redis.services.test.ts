import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, type Server } from '../../scripts/servers/process.ts'
import { startRedis } from '../../scripts/servers/redis.ts'
import { find, redis } from '../../scripts/services.ts'
import type { Store } from '../core/store.ts'
import { testStore } from '../testing/store.ts'
import { type IoredisLike, type RedisClient, redisStore } from './redis.ts'

const url = process.env['BULWARK_TEST_REDIS_URL']
const run = `t${randomBytes(6).toString('hex')}`
const farOff = 30 * 86_400_000
const deadline = '20s'

describe.skipIf(!url)('one server', () => {
  let client: Redis
  let spaces = 0
  const prefix = (): string => `${run}:${spaces}:`
  const open = (over: RedisClient = client): Store => {
    spaces++
    return redisStore(over, { prefix: prefix(), deadline })
  }
  const keys = (): Promise<string[]> => client.keys(`${prefix()}*`)
  beforeAll(() => {
    client = new Redis(url ?? '')
  })
  afterAll(async () => {
    const left = await client.keys(`${run}:*`)
    if (left.length > 0) await client.unlink(left)
    await client.quit()
  })

  test('everything has an end, and nothing is left of what was deleted', async () => {
    const store = open()
    await store.put('a', 'v', { ttl: 60_000, owner: 'ann' })
    await store.put('b', 'v', { ttl: 60_000, owner: 'ann' })
    await store.put('b', 'w', { ttl: 60_000, owner: 'bob' })
    await store.put('b', 'x', { ttl: 30_000, owner: 'bob' })
    await store.take('a', { burst: 2, period: 60_000 })
    expect((await keys()).length).toBe(5)
    for (const key of await keys()) expect(await client.pttl(key), key).toBeGreaterThan(0)
    await store.delete('a')
    expect(await store.deleteAllOf('bob')).toBe(1)
    expect(await keys()).toEqual([])
  })

  test('a put that was refused leaves nothing in the list of the owner', async () => {
    const store = open()
    await store.put('k', 'v', { ttl: 60_000 })
    expect(await store.put('k', 'w', { ttl: 60_000, owner: 'ann', expected: 0 })).toBeUndefined()
    expect(await keys()).toEqual([`${prefix()}{k:k}:value`])
  })

  test('a limit that was given back, and one that was only looked at, take no memory', async () => {
    const store = open()
    await store.take('k', { burst: 2, period: 60_000 }, 2)
    await store.take('k', { burst: 2, period: 60_000 }, -2)
    await store.take('other', { burst: 2, period: 60_000 }, 0)
    await store.take('third', { burst: 2, period: 60_000 }, -1)
    expect(await keys()).toEqual([])
  })

  test('being refused writes nothing', async () => {
    const store = open()
    await store.take('k', { burst: 1, period: farOff })
    const before = await client.get(`${prefix()}{k:k}:limit`)
    await pause(5)
    for (let time = 0; time < 5; time++) await store.take('k', { burst: 1, period: farOff })
    expect(await client.get(`${prefix()}{k:k}:limit`)).toBe(before)
  })

  test('scripts that the server has forgotten are sent along', async () => {
    const store = open()
    await store.put('k', 'v', { ttl: 60_000 })
    await client.script('FLUSH')
    expect(await store.get('k')).toMatchObject({ value: 'v' })
    const takes = await Promise.all(Array.from({ length: 100 }, () => store.take('l', { burst: 10, period: farOff })))
    expect(takes.filter(({ allowed }) => allowed).length).toBe(10)
  })

  test('an owner whose value is not written any more owns nothing', async () => {
    let puts = 0
    const store = open(
      intercept(async (value) => {
        if (value === 'lost' && ++puts > 0) throw new Error('the connection is gone')
      }),
    )
    await expect(store.put('k', 'lost', { ttl: 60_000, owner: 'ann' })).rejects.toMatchObject({
      code: 'BULWARK_STORE_UNAVAILABLE',
    })
    expect(await client.zcard(`${prefix()}{o:ann}:keys`)).toBe(1)
    expect(await store.keysOf('ann')).toEqual([])
    expect(await store.deleteAllOf('ann')).toBe(0)
  })

  test('what has changed its owner is no more of the old one, also when its list could not be tidied', async () => {
    const store = open(
      intercept(async (what) => {
        if (what === 'forget') throw new Error('the connection is gone')
      }),
    )
    await store.put('k', 'v', { ttl: 60_000, owner: 'ann' })
    expect(await store.put('k', 'w', { ttl: 60_000, owner: 'bob' })).toBeTypeOf('number')
    expect(await client.zcard(`${prefix()}{o:ann}:keys`)).toBe(1)
    expect(await store.keysOf('ann')).toEqual([])
    expect(await store.deleteAllOf('ann')).toBe(0)
    expect(await store.keysOf('bob')).toEqual(['k'])
    expect(await store.deleteAllOf('bob')).toBe(1)
    expect(await store.get('k')).toBeUndefined()
  })

  test('a put that overtakes another, and is deleted, does not hide the other from its owner', async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((done) => {
      release = done
    })
    const store = open(
      intercept(async (value) => {
        if (value === 'slow') await gate
      }),
    )
    const slow = store.put('k', 'slow', { ttl: 60_000, owner: 'ann' })
    await pause(20)
    await store.put('k', 'quick', { ttl: 60_000, owner: 'ann' })
    await store.delete('k')
    release()
    await slow
    expect(await store.get('k')).toMatchObject({ value: 'slow' })
    expect(await store.keysOf('ann')).toEqual(['k'])
    expect(await store.deleteAllOf('ann')).toBe(1)
  })

  test('whatever is put and deleted at once, every value that lives is found by its owner', async () => {
    const store = open()
    const names = ['a', 'b', 'c']
    for (let round = 0; round < 20; round++) {
      const pick = (): string => names[Math.floor(Math.random() * names.length)] ?? 'a'
      await Promise.all(
        Array.from({ length: 60 }, async (_, index) => {
          if (index % 4 === 3) await store.delete(pick())
          else if (index % 20 === 18) await store.deleteAllOf(pick())
          else await store.put(pick(), `${index}`, { ttl: 60_000, owner: pick() })
        }),
      )
      const owned = await Promise.all(names.map((owner) => store.keysOf(owner)))
      const live: string[] = []
      for (const name of names) if (await store.get(name)) live.push(name)
      expect(owned.flat().sort(), `round ${round}`).toEqual(live)
    }
  })

  test('a key of another kind is an error for its own method, and for nobody else', async () => {
    const store = open()
    await client.set(`${prefix()}{k:k}:value`, 'not a hash', 'PX', 60_000)
    for (let time = 0; time < 10; time++) {
      await expect(store.get('k')).rejects.toMatchObject({
        code: 'BULWARK_STORE_UNAVAILABLE',
        message: expect.stringContaining('WRONGTYPE'),
      })
    }
    expect(await store.get('other')).toBeUndefined()
  })

  /** The client, in whose way `before` stands when a value is put, and when something is taken off the list of an owner. */
  function intercept(before: (what: string) => Promise<void>): IoredisLike {
    return {
      evalsha: async (sha, count, ...rest) => {
        if (rest[0]?.endsWith(':value') && rest.length === 8) await before(rest[2] ?? '')
        if (rest[0]?.endsWith(':keys') && rest.length === 3) await before('forget')
        return client.evalsha(sha, count, ...rest)
      },
      eval: async (script, count, ...rest) => client.eval(script, count, ...rest),
    }
  }
})

const program = url && find(redis)

describe.skipIf(!program)('a cluster of three nodes', () => {
  let nodes: Server[] = []
  const ends: (() => Promise<unknown>)[] = []
  const clients: Record<string, RedisClient> = {}
  beforeAll(async () => {
    nodes = await startCluster(program ?? '')
    const addresses = nodes.map((node) => new URL(node.url))
    const password = addresses[0]?.password ?? ''
    const ioredis = new Cluster(
      addresses.map(({ port }) => ({ host: '127.0.0.1', port: Number(port) })),
      { redisOptions: { password } },
    )
    const nodeRedis = createCluster({
      rootNodes: addresses.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` })),
      defaults: { password },
    })
    await nodeRedis.connect()
    Object.assign(clients, { ioredis, nodeRedis })
    ends.push(
      () => ioredis.quit(),
      () => nodeRedis.close(),
    )
  })
  afterAll(async () => {
    for (const end of ends) await end()
    await Promise.all(nodes.map((node) => node.stop()))
  })

  for (const name of ['ioredis', 'nodeRedis']) {
    let spaces = 0
    testStore(
      `${name} in a cluster`,
      (now) => redisStore(clients[name] as RedisClient, { prefix: `${name}${++spaces}:`, deadline, now }),
      { test, expect },
    )
  }

  test('really spreads the keys over all nodes', async () => {
    const sizes = await Promise.all(
      nodes.map(async (node) => {
        const client = new Redis(node.url)
        const size = await client.dbsize()
        await client.quit()
        return size
      }),
    )
    expect(Math.min(...sizes)).toBeGreaterThan(0)
  })
})

/** Three masters that share the slots. All have the same password. */
async function startCluster(program: string): Promise<Server[]> {
  const password = randomBytes(12).toString('hex')
  const nodes: Server[] = []
  const bus: number[] = []
  for (let index = 0; index < 3; index++) {
    const port = await freePort()
    bus.push(port)
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(port), '--cluster-node-timeout', '5000']
    nodes.push(await startRedis(program, cluster, password))
  }
  const clients = nodes.map((node) => new Redis(node.url))
  const third = Math.ceil(16_384 / 3)
  for (const [index, client] of clients.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', index * third, Math.min(16_383, (index + 1) * third - 1))
    const next = (index + 1) % 3
    await client.call('CLUSTER', 'MEET', '127.0.0.1', new URL(nodes[next]?.url ?? '').port, bus[next] ?? 0)
  }
  for (const client of clients) {
    for (;;) {
      const info = String(await client.call('CLUSTER', 'INFO'))
      if (info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')) break
      await pause(30)
    }
    await client.quit()
  }
  return nodes
}
