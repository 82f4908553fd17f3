import type { TakeOverOptions } from './options.ts'

/** The part of a client of `ioredis`, `iovalkey` or `redis` that reads what `connect-redis` has written. */
export interface OldRedisClient {
  get(key: string): Promise<unknown>
  del(key: string): Promise<unknown>
}

/** Where `connect-redis` keeps sessions, for `sessions: { takeOver }` of the policy. */
export function redisSessions(
  client: OldRedisClient,
  options: { readonly prefix?: string } = {},
): Pick<TakeOverOptions, 'read' | 'remove'> {
  const { prefix = 'sess:' } = options
  return {
    read: (id) => client.get(prefix + id),
    // Redis deletes a key once, whoever asks at the same time, and says to whom.
    remove: async (id) => Number(await client.del(prefix + id)) === 1,
  }
}
