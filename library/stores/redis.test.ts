import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { isRedisAnswer } from './redis/client.ts'
import { type RedisClient, redisStore } from './redis.ts'

/** A client of a server that answers every script with the same. */
function answering(answer: unknown): { client: RedisClient; sent: string[][] } {
  const sent: string[][] = []
  const client: RedisClient = {
    evalsha: async (_sha, keys, ...rest) => {
      sent.push(rest.slice(0, keys))
      return answer
    },
    eval: async () => expect.fail('the server knows the script'),
  }
  return { client, sent }
}

describe('a Redis store', () => {
  test('is shared, and asks nothing before it is used', async () => {
    const { client, sent } = answering(null)
    const store = redisStore(client)
    expect(store).toMatchObject({ name: 'redis', shared: true })
    await store.close?.()
    expect(sent).toEqual([])
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a string', 'redis://127.0.0.1'],
    ['an object without scripts', { get: () => 'v', set: () => 'OK' }],
  ])('is not made of %s', (_, client) => {
    expect(() => redisStore(client as RedisClient)).toThrow(expect.objectContaining({ code: 'BULWARK_POLICY_INVALID' }))
  })

  test.each(['{app}', 'a{', '}'])(
    'has no prefix like %s, which would decide where in a cluster keys live',
    (prefix) => {
      expect(() => redisStore(answering(null).client, { prefix })).toThrow(
        expect.objectContaining({ code: 'BULWARK_POLICY_INVALID' }),
      )
    },
  )

  test('a deadline that is none is refused at once', () => {
    expect(() => redisStore(answering(null).client, { deadline: 'soon' })).toThrow(
      expect.objectContaining({ code: 'BULWARK_DURATION_INVALID' }),
    )
  })

  test.each(['', '}', '{', '}{', 'a}b', '{}', '\0'])('the value and the limit of %j live on one node', async (key) => {
    const { client, sent } = answering([0, null, null])
    await redisStore(client).delete(key)
    const [keys = []] = sent
    const tags = keys.map((name) => /\{([^}]+)\}/.exec(name)?.[1])
    expect(keys.length).toBe(2)
    expect(tags[0]).toBeTruthy()
    expect(tags[0]).toBe(tags[1])
    // The tag is what stands between the first braces of all.
    expect(keys[0]?.indexOf('{')).toBe('bulwark:'.length)
  })

  test('an answer that no server of this version gives is an error, and not an entry', async () => {
    await expect(redisStore(answering('OK').client).take('k', { burst: 1, period: 1000 })).rejects.toThrow('string')
  })

  test('a client that is not connected, and shall not wait, is a typed error', async () => {
    const client = new Redis({ lazyConnect: true, enableOfflineQueue: false })
    await expect(redisStore(client).get('k')).rejects.toMatchObject({ code: 'BULWARK_STORE_UNAVAILABLE' })
    client.disconnect()
  })
})

test.each<[unknown, boolean]>([
  [new Error('WRONGTYPE Operation against a key holding the wrong kind of value'), true],
  [new Error('ERR unknown command'), true],
  [new Error('connect ECONNREFUSED 127.0.0.1:6379'), false],
  [new Error('Connection is closed.'), false],
  [new Error('The client is closed'), false],
  ['ERR of another kind', false],
])('%s comes from the server itself: %s', (error, expected) => {
  expect(isRedisAnswer(error)).toBe(expected)
})
