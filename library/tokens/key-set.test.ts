import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { getJson, parseKeyUrl } from './fetching.ts'
import { loadJose } from './jose.ts'
import { type FollowedOptions, fixedKeySet, followedKeySet, KeysAway } from './key-set.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`)
}

const pairs = Array.from({ length: 3 }, () => generateKeyPairSync('ed25519'))
const published = (...which: number[]): object => ({
  keys: which.map((i) => ({ ...pairs[i]?.publicKey.export({ format: 'jwk' }), kid: `k${i}` })),
})

/** A set whose document and clock the test decides. */
function world(more: Partial<FollowedOptions> = {}): {
  readonly set: ReturnType<typeof followedKeySet>
  readonly state: { now: number; document: unknown; asked: number; troubles: number }
} {
  const state = { now: 1_000_000, document: published(0) as unknown, asked: 0, troubles: 0 }
  const set = followedKeySet(
    {
      from: 'https://id.example/keys',
      async get() {
        state.asked++
        if (state.document instanceof Error) throw state.document
        return state.document
      },
      fresh: 600_000,
      grace: 60_000,
      coolDown: 30_000,
      now: () => state.now,
      onTrouble: () => void state.troubles++,
      ...more,
    },
    loadJose(),
  )
  return { set, state }
}

describe('a key set that is followed', () => {
  test('is asked for once, however many wait for it', async () => {
    const { set, state } = world()
    const found = await Promise.all(Array.from({ length: 50 }, () => set.find('k0', 'EdDSA')))
    expect([state.asked, ...new Set(found.map(({ length }) => length))]).toEqual([1, 1])
  })

  test('is asked for again when a token names a new key, and not more often than the cool-down says', async () => {
    const { set, state } = world()
    await set.find('k0', 'EdDSA')
    state.document = published(0, 1)
    expect(await set.find('k1', 'EdDSA')).toHaveLength(0)
    for (let i = 0; i < 100; i++) await set.find(`made-up-${i}`, 'EdDSA')
    expect(state.asked).toBe(1)
    state.now += 30_000
    expect(await set.find('k1', 'EdDSA')).toHaveLength(1)
    expect(state.asked).toBe(2)
  })

  test('forgets a key that is not published any more as soon as it is read again', async () => {
    const { set, state } = world()
    expect(await set.find('k0', 'EdDSA')).toHaveLength(1)
    state.document = published(1)
    state.now += 600_001
    expect(await set.find('k0', 'EdDSA')).toHaveLength(0)
  })

  test('counts for the grace when it cannot be had again, with one event, and then no more', async () => {
    const { set, state } = world()
    await set.find('k0', 'EdDSA')
    state.document = new Error('down')
    state.now += 600_001
    expect(await set.find('k0', 'EdDSA')).toHaveLength(1)
    // A server that is down is asked once a second at most.
    await set.find('k0', 'EdDSA')
    expect([state.asked, state.troubles]).toEqual([2, 1])
    state.now += 60_000
    await expect(set.find('k0', 'EdDSA')).rejects.toBeInstanceOf(KeysAway)
    expect([state.asked, state.troubles]).toEqual([3, 1])
    state.document = published(0)
    state.now += 1000
    expect(await set.find('k0', 'EdDSA')).toHaveLength(1)
  })

  test('that was never had is no reason to let anybody in', async () => {
    const { set, state } = world()
    state.document = new Error('down')
    await expect(set.find(undefined, 'EdDSA')).rejects.toBeInstanceOf(KeysAway)
  })

  test('is not fresh after the clock was set back', async () => {
    const { set, state } = world()
    await set.find('k0', 'EdDSA')
    state.document = published(1)
    state.now -= 3_600_000
    expect(await set.find('k0', 'EdDSA')).toHaveLength(0)
  })

  test.each([[{}], [{ keys: 'k' }], [null], [{ keys: Array.from({ length: 33 }, () => ({ kty: 'RSA' })) }]])(
    'of this form is none: %j',
    async (document) => {
      const { set, state } = world()
      state.document = document
      await expect(set.find(undefined, 'EdDSA')).rejects.toBeInstanceOf(KeysAway)
    },
  )
})

test('a set never gives out a key for an algorithm of another kind', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  const secret = { kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url') }
  const ed = pairs[0]?.publicKey.export({ format: 'jwk' })
  const set = fixedKeySet(
    { keys: [rsa, secret, { ...ed, use: 'enc' }, { ...ed, key_ops: ['sign'] }, { kty: 'EC', crv: 'P-256' }, 7] },
    loadJose(),
  )
  const count = async (algorithm: Parameters<typeof set.find>[1]): Promise<number> =>
    (await set.find(undefined, algorithm)).length
  expect([await count('RS256'), await count('HS256'), await count('EdDSA'), await count('ES256')]).toEqual([1, 0, 0, 0])
})

test('a private key that is published by mistake still verifies', async () => {
  const jwk = pairs[0]?.privateKey.export({ format: 'jwk' })
  const [key] = await fixedKeySet({ keys: [jwk] }, loadJose()).find(undefined, 'EdDSA')
  const text = `${Buffer.from('{"alg":"EdDSA"}').toString('base64url')}.e30`
  const token = `${text}.${sign(null, Buffer.from(text), pairs[0]?.privateKey as KeyObject).toString('base64url')}`
  await expect(loadJose().compactVerify(token, key!, { algorithms: ['EdDSA'] })).resolves.toBeDefined()
})

describe('over HTTP', () => {
  test('a document is had', async () => {
    const url = await serve((_req, res) => void res.end(JSON.stringify(published(0))))
    expect(await getJson(url)).toEqual(published(0))
  })

  const refused: readonly (readonly [string, RequestListener, RegExp])[] = [
    ['a redirect', (_req, res) => void res.writeHead(302, { location: '/other' }).end(), /answered 302/],
    ['a failure', (_req, res) => void res.writeHead(500).end('{"keys":[]}'), /answered 500/],
    ['too much', (_req, res) => void res.end(`{"keys":["${'a'.repeat(70_000)}"]}`), /larger than/],
    ['no JSON', (_req, res) => void res.end('<html>'), /no JSON/],
    ['a connection that ends', (req) => void req.socket.destroy(), /hang up|ECONNRESET/],
  ]
  test.each(refused)('%s is no document', async (_what, listener, message) => {
    await expect(getJson(await serve(listener))).rejects.toThrow(message)
  })

  test('half of a document is none', async () => {
    const url = await serve((_req, res) => {
      res.writeHead(200, { 'content-length': '100' })
      res.write('{"keys":')
      setTimeout(() => res.destroy(), 20)
    })
    await expect(getJson(url)).rejects.toThrow()
  })

  test('one that drips is given up', async () => {
    const url = await serve((_req, res) => void res.write('{'))
    await expect(getJson(url)).rejects.toThrow(/more than 3000 ms/)
  })
})

test.each([
  ['https://id.example/keys', true],
  ['http://127.0.0.1:3000/keys', true],
  ['http://localhost/keys', true],
  ['http://[::1]/keys', true],
  ['http://id.example/keys', false],
  ['http://127.0.0.1.evil.example/', false],
  ['http://10.0.0.1/', false],
  ['https://me:pw@id.example/', false],
  ['data:application/json,{}', false],
  ['keys.json', false],
])('keys may come from %s: %s', (text, may) => {
  expect(parseKeyUrl(text) !== undefined).toBe(may)
})
