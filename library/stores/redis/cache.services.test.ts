import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { createClient, createClientPool, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Store } from '../../core/store.ts'
import { testStore } from '../../testing/store.ts'
import { type RedisCacheOptions, type RedisClient, redisStore } from '../redis.ts'

const url = process.env['BULWARK_TEST_REDIS_URL']
const run = `t${randomBytes(6).toString('hex')}`
const AN_HOUR = 3_600_000
const deadline = '20s'

interface Kind {
  readonly name: string
  connect(more?: object): Promise<{ client: RedisClient; end(): unknown }>
}

const kinds: readonly Kind[] = [
  {
    name: 'ioredis',
    connect: async (more) => {
      const client = new Redis(url ?? '', { ...more })
      return { client, end: () => client.disconnect() }
    },
  },
  {
    name: 'iovalkey',
    connect: async (more) => {
      const client = new Valkey(url ?? '', { ...more })
      return { client: client as unknown as RedisClient, end: () => client.disconnect() }
    },
  },
  {
    name: 'node-redis',
    connect: async (more) => {
      const client = await createClient({ url: url ?? '', ...more }).connect()
      return { client: client as unknown as RedisClient, end: () => client.destroy() }
    },
  },
]

let spaces = 0

/** A store with a cache that is on, that counts what it asks the server. */
async function open(
  { connect }: Kind,
  prefix: string,
  { client: about, ...more }: RedisCacheOptions & { client?: object } = {},
) {
  const { client, end } = await connect(about)
  const news: string[] = []
  let asked = 0
  for (const name of ['evalsha', 'evalSha']) {
    const native = Reflect.get(client, name)
    if (typeof native !== 'function') continue
    Reflect.set(client, name, (...args: unknown[]) => {
      asked++
      return native.apply(client, args)
    })
  }
  const store = redisStore(client, {
    prefix,
    deadline,
    cache: { keys: 's:', onChange: (isOn, reason) => news.push(isOn ? 'on' : `off: ${reason}`), ...more },
  })
  const close = async (): Promise<void> => {
    await store.close?.()
    await end()
  }
  onTestFinished(close)
  await vi.waitFor(() => expect(news.at(-1)).toBe('on'), 5000)
  const asking = async (work: () => unknown): Promise<number> => {
    const before = asked
    await work()
    return asked - before
  }
  return { store, news, asking, end: close }
}

const newPrefix = (): string => `${run}:${++spaces}:`

describe.skipIf(!url)('reads kept in memory', () => {
  let control: Redis
  beforeAll(() => {
    control = new Redis(url ?? '')
  })
  afterAll(async () => {
    const keys = await control.keys(`*${run}:*`)
    if (keys.length > 0) await control.unlink(keys)
    await control.quit()
  })

  /** The connections on which this server tells of changes. */
  async function trackers(): Promise<string[]> {
    const list = String(await control.call('CLIENT', 'LIST'))
    return [...list.matchAll(/^id=(\d+) .* flags=\S*B\S* /gm)].map(([, id]) => id ?? '')
  }

  describe.each(kinds)('with $name', (kind) => {
    test('cost no round trip, and one after each change, whoever makes it', async () => {
      const prefix = newPrefix()
      const [one, two] = [await open(kind, prefix), await open(kind, prefix)]
      await one.store.put('s:a', 'first', { ttl: AN_HOUR, owner: 'ann' })
      expect(await two.asking(() => two.store.get('s:a'))).toBe(1)
      await kept(two, 's:a')
      expect(await two.store.get('s:a')).toEqual(await one.store.get('s:a'))

      await one.store.put('s:a', 'second', { ttl: AN_HOUR, owner: 'ann' })
      await told(two.store, 's:a', 'second')
      await kept(two, 's:a')
      await one.store.delete('s:a')
      await told(two.store, 's:a', undefined)
      for (const key of ['s:b', 's:c']) await one.store.put(key, 'v', { ttl: AN_HOUR, owner: 'ann' })
      for (const key of ['s:b', 's:c']) await two.store.get(key)
      expect(await one.store.deleteAllOf('ann')).toBe(2)
      for (const key of ['s:b', 's:c']) await told(two.store, key, undefined)
    })

    test('are seen by their own process at once when it changes them', async () => {
      const { store, asking } = await open(kind, newPrefix())
      for (let round = 0; round < 50; round++) {
        const version = await store.put('s:a', `${round}`, { ttl: AN_HOUR, owner: 'ann' })
        expect(await store.get('s:a')).toEqual({ value: `${round}`, version })
        if (round % 3 === 1) await store.delete('s:a')
        else if (round % 3 === 2) await store.deleteAllOf('ann')
        else continue
        expect(await store.get('s:a')).toBeUndefined()
      }
      expect(await asking(() => store.get('other'))).toBe(1)
      expect(await asking(() => store.get('other'))).toBe(1)
    })

    test('end with their time, whether or not the server tells of it', async () => {
      const { store } = await open(kind, newPrefix())
      await store.put('s:a', 'v', { ttl: 60 })
      expect((await store.get('s:a'))?.value).toBe('v')
      await pause(61)
      expect(await store.get('s:a')).toBeUndefined()
    })

    test('are all forgotten when the connection is killed, and kept again when there is another one', async () => {
      const prefix = newPrefix()
      const writer = redisStore(control, { prefix, deadline })
      const before = new Set(await trackers())
      const reader = await open(kind, prefix)
      const { store, news } = reader
      const [own = ''] = (await trackers()).filter((id) => !before.has(id))
      await writer.put('s:a', 'v', { ttl: AN_HOUR })
      await store.get('s:a')
      await kept(reader, 's:a')

      await control.call('CLIENT', 'KILL', 'ID', own)
      await vi.waitFor(() => expect(news.length).toBe(2))
      expect(news[1]).toMatch(/^off: /)
      await writer.delete('s:a')
      expect(await store.get('s:a')).toBeUndefined()
      await vi.waitFor(() => expect(news.at(-1)).toBe('on'), 5000)
      await writer.put('s:a', 'w', { ttl: AN_HOUR })
      expect((await store.get('s:a'))?.value).toBe('w')
      await kept(reader, 's:a')
      await writer.delete('s:a')
      await told(store, 's:a', undefined)
    })

    test('are all forgotten when the server is emptied', async () => {
      const prefix = newPrefix()
      const { store } = await open(kind, prefix, { client: kind.name === 'node-redis' ? { database: 5 } : { db: 5 } })
      await store.put('s:a', 'v', { ttl: AN_HOUR })
      await store.get('s:a')
      const other = new Redis(url ?? '', { db: 5 })
      await other.flushdb()
      await other.quit()
      await told(store, 's:a', undefined)
    })

    test('work behind a prefix that the client adds', async () => {
      const prefix = newPrefix()
      const [one, two] = [
        await open(kind, prefix, { client: { keyPrefix: 'own:' } }),
        await open(kind, prefix, { client: { keyPrefix: 'own:' } }),
      ]
      await one.store.put('s:a', 'v', { ttl: AN_HOUR })
      await two.store.get('s:a')
      await kept(two, 's:a')
      await one.store.delete('s:a')
      await told(two.store, 's:a', undefined)
    })

    test('are never older than what this process was told, while another one changes them all the time', async () => {
      const prefix = newPrefix()
      const writer = redisStore(control, { prefix, deadline })
      const { store } = await open(kind, prefix)
      let written = 0
      let isOver = false
      const writing = (async () => {
        for (let count = 1; count <= 300; count++) {
          await writer.put('s:a', `${count}`, { ttl: AN_HOUR })
          written = count
        }
        isOver = true
      })()
      let last = 0
      while (!isOver) {
        const value = Number((await store.get('s:a'))?.value ?? 0)
        // What was read never goes back, though the answer may be older than the latest write.
        expect(value).toBeGreaterThanOrEqual(last)
        last = value
        await pause(0)
      }
      await writing
      await told(store, 's:a', `${written}`)
    })

    // Every promise of the contract holds with a cache as well, whatever the keys. What iovalkey does, ioredis does alike.
    if (kind.name !== 'iovalkey')
      testStore(`${kind.name} with a cache`, (clock) => contract(kind, clock), { test, expect })
  })

  async function contract({ connect }: Kind, now: () => number): Promise<Store> {
    const { client, end } = await connect()
    let isOn = false
    const store = redisStore(client, {
      prefix: newPrefix(),
      deadline,
      now,
      cache: { keys: '', onChange: (on) => (isOn = on) },
    })
    onTestFinished(async () => {
      await end()
    })
    await vi.waitFor(() => expect(isOn).toBe(true), 5000)
    return store
  }

  test('need no client that was there from the beginning: without the right to track, everything works uncached', async () => {
    const user = `u${run}`
    await control.call('ACL', 'SETUSER', user, 'on', '>secret', '~*', '+@all', '-client|tracking')
    onTestFinished(async () => {
      await control.call('ACL', 'DELUSER', user)
    })
    const { hostname, port } = new URL(url ?? '')
    const client = new Redis({ host: hostname, port: Number(port), username: user, password: 'secret' })
    onTestFinished(() => client.disconnect())
    const news: string[] = []
    const store = redisStore(client, {
      prefix: newPrefix(),
      deadline,
      cache: { keys: 's:', onChange: (isOn, reason) => news.push(`${isOn}: ${reason}`) },
    })
    onTestFinished(() => store.close?.())
    await vi.waitFor(() => expect(news.length).toBe(1), 5000)
    expect(news[0]).toMatch(/^false: .*NOPERM/)
    await store.put('s:a', 'v', { ttl: AN_HOUR })
    expect((await store.get('s:a'))?.value).toBe('v')
  })
})

test.each([
  ['a cluster of ioredis', () => new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true })],
  ['a cluster of redis', () => createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] })],
  ['a pool of redis', () => createClientPool({ url: 'redis://127.0.0.1:1' })],
])('%s is refused at once', (_, make) => {
  expect(() => redisStore(make() as unknown as RedisClient, { cache: true })).toThrow(
    expect.objectContaining({ code: 'BULWARK_POLICY_INVALID', at: 'redisStore(client, { cache })' }),
  )
})

test.each([0, 1, 1.5, Number.NaN])('%s values cannot be kept', (entries) => {
  const client = new Redis('redis://127.0.0.1:1', { lazyConnect: true })
  expect(() => redisStore(client, { cache: { entries } })).toThrow(/^BULWARK_POLICY_INVALID/)
})

/** From now on it costs no round trip. What the server says of the last write may still be on its way, and then the first read was not kept. */
async function kept({ store, asking }: Awaited<ReturnType<typeof open>>, key: string): Promise<void> {
  await vi.waitFor(async () => expect(await asking(() => store.get(key))).toBe(0), { timeout: 2000, interval: 1 })
}

/** The server's word comes on another connection than the writer's answer: in a moment, not at once. */
async function told(store: Store, key: string, value: string | undefined): Promise<void> {
  await vi.waitFor(async () => expect((await store.get(key))?.value).toBe(value), { timeout: 2000, interval: 1 })
}
