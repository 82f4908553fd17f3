import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { createClient } from 'redis'
import { test } from 'vitest'
import { startPostgres } from '../../../scripts/servers/postgres.ts'
import type { Server } from '../../../scripts/servers/process.ts'
import { startRedis } from '../../../scripts/servers/redis.ts'
import { find, postgres, redis } from '../../../scripts/services.ts'
import type { Store } from '../../core/store.ts'
import { type PostgresPool, postgresStore } from '../postgres.ts'
import { type IoredisLike, type NodeRedisLike, redisStore } from '../redis.ts'

// Servers of its own: those of the other tests must go on.
const redisProgram = process.env['BULWARK_TEST_REDIS_URL'] && find(redis)
const postgresProgram = process.env['BULWARK_TEST_PG_URL'] && find(postgres)
const farOff = 30 * 86_400_000

interface Outage {
  readonly name: string
  readonly program: string | undefined
  start(): Promise<Server>
  open(url: string, onAsk: () => void): { store: Store; end(): Promise<unknown> }
}

const outages: readonly Outage[] = [
  {
    name: 'ioredis',
    program: redisProgram,
    start: () => startRedis(redisProgram ?? ''),
    open: (url, onAsk) => {
      const client = new Redis(url, { retryStrategy: () => 50 })
      // The app hears of what it cannot connect to from its own client; the store says so by itself.
      client.on('error', () => undefined)
      const counted: IoredisLike = {
        evalsha: (sha, keys, ...rest) => {
          onAsk()
          return client.evalsha(sha, keys, ...rest)
        },
        eval: (script, keys, ...rest) => client.eval(script, keys, ...rest),
      }
      return { store: redisStore(counted, { deadline: '300ms' }), end: async () => client.disconnect() }
    },
  },
  {
    name: 'node-redis',
    program: redisProgram,
    start: () => startRedis(redisProgram ?? ''),
    open: (url, onAsk) => {
      const client = createClient({ url, socket: { reconnectStrategy: () => 50 } })
      client.on('error', () => undefined)
      const connecting = client.connect()
      const counted: NodeRedisLike = {
        evalSha: async (sha, options) => {
          onAsk()
          await connecting
          return client.evalSha(sha, options)
        },
        eval: (script, options) => client.eval(script, options),
      }
      return { store: redisStore(counted, { deadline: '300ms' }), end: async () => client.destroy() }
    },
  },
  {
    name: 'pg',
    program: postgresProgram,
    start: () => startPostgres(postgresProgram ?? ''),
    open: (url, onAsk) => {
      const pool = new Pool({ connectionString: url, max: 5 })
      pool.on('error', () => undefined)
      const counted: PostgresPool = {
        query: (text, values) => {
          onAsk()
          return pool.query(text, values)
        },
      }
      return { store: postgresStore(counted, { deadline: '300ms' }), end: () => pool.end() }
    },
  },
]

for (const { name, program, start, open } of outages) {
  test.skipIf(!program)(
    `${name}: a server that hangs, and one that is killed, is a typed error in time, and no restart is needed`,
    { concurrent: true },
    async ({ expect, onTestFinished }) => {
      const server = await start()
      let asked = 0
      const { store, end } = open(server.url, () => asked++)
      onTestFinished(async () => {
        await server.stop()
        await end()
      })
      const take = async (): Promise<string> => {
        try {
          await store.take('k', { burst: 1_000_000, period: farOff })
          return 'ok'
        } catch (error) {
          return error instanceof Error && 'code' in error ? String(error.code) : String(error)
        }
      }
      const until = async (wanted: string): Promise<void> => {
        while ((await take()) !== wanted) await pause(50)
      }
      const unavailable = Array.from({ length: 50 }, () => 'BULWARK_STORE_UNAVAILABLE')
      const load = (): Promise<string[]> => Promise.all(Array.from({ length: 50 }, take))
      const isLeftAlone = async (): Promise<void> => {
        const before = asked
        expect(await load()).toEqual(unavailable)
        // The pause may have ended meanwhile: then one command tries.
        expect(asked - before).toBeLessThanOrEqual(1)
      }
      await until('ok')

      process.kill(server.pid, 'SIGSTOP')
      await stopChildren(server.pid, 'SIGSTOP')
      expect(await load()).toEqual(unavailable)
      await isLeftAlone()
      await stopChildren(server.pid, 'SIGCONT')
      process.kill(server.pid, 'SIGCONT')
      await until('ok')

      await server.crash()
      await until('BULWARK_STORE_UNAVAILABLE')
      for (let time = 0; time < 10; time++) await take()
      await isLeftAlone()
      await server.restart()
      await until('ok')
      while ((await load()).some((answer) => answer !== 'ok')) await pause(50)
    },
  )
}

/** PostgreSQL answers from a process for each connection. */
async function stopChildren(pid: number, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  const list = spawn('ps', ['-o', 'pid=', '--ppid', String(pid)], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: list.stdout })) {
    try {
      process.kill(Number(line), signal)
    } catch (error) {
      // It has ended since.
      if (!String(error).includes('ESRCH')) throw error
    }
  }
}
