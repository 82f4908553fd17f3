import { createHash } from 'node:crypto'
import { BulwarkError } from '../../core/errors.ts'

/** A client of the package `ioredis` or `iovalkey`, for one server or a cluster. */
export interface IoredisLike {
  evalsha(sha: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>
  eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** A client of the package `redis`, for one server, a pool, a sentinel or a cluster; already connected. */
export interface NodeRedisLike {
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

export type RedisClient = IoredisLike | NodeRedisLike

export interface Script {
  readonly text: string
  readonly sha: string
}

export type RunScript = (script: Script, keys: readonly string[], args: readonly string[]) => Promise<unknown>

export function toScript(text: string): Script {
  // Redis names scripts by SHA-1; nothing is protected by it.
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/**
 * The one thing that the store needs of any client: to run a script.
 * A script that the server does not know yet, or any more, is sent along once: after a restart, a failover, or on another node.
 */
export function scriptsOf(client: RedisClient): RunScript {
  if (has(client, 'evalSha')) {
    return async ({ sha, text }, keys, args) => {
      const options = { keys: [...keys], arguments: [...args] }
      try {
        return await client.evalSha(sha, options)
      } catch (error) {
        if (!isUnknownScript(error)) throw error
        return client.eval(text, options)
      }
    }
  }
  if (has(client, 'evalsha')) {
    return async ({ sha, text }, keys, args) => {
      try {
        return await client.evalsha(sha, keys.length, ...keys, ...args)
      } catch (error) {
        if (!isUnknownScript(error)) throw error
        return client.eval(text, keys.length, ...keys, ...args)
      }
    }
  }
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no client for Redis that Bulwark knows', {
    at: 'redisStore(client)',
    fix: 'hand in a client of ioredis, iovalkey or redis (4 or newer), for one server or a cluster',
  })
}

/** Whether it is the server's own answer, which begins with a code in capitals: `WRONGTYPE Operation against ...`. */
export function isRedisAnswer(error: unknown): boolean {
  return error instanceof Error && /^[A-Z][A-Z0-9_]+ /.test(error.message)
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}

function has<Name extends 'evalSha' | 'evalsha'>(
  client: unknown,
  name: Name,
): client is Name extends 'evalSha' ? NodeRedisLike : IoredisLike {
  return typeof client === 'object' && client !== null && typeof Reflect.get(client, name) === 'function'
}
