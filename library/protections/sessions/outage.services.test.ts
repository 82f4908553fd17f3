import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { DURABLE, startPostgres } from '../../../scripts/servers/postgres.ts'
import type { Server } from '../../../scripts/servers/process.ts'
import { startRedis } from '../../../scripts/servers/redis.ts'
import { find, postgres, redis } from '../../../scripts/services.ts'
import { secure, securityOf } from '../../adapters/node.ts'
import type { Store } from '../../core/store.ts'
import { postgresStore } from '../../stores/postgres.ts'
import { redisStore } from '../../stores/redis.ts'

declare module './data.ts' {
  interface SessionData {
    /** How many writes were made. */
    writes: number
  }
}

// Servers of its own: those of the other tests must go on.
const redisProgram = process.env['BULWARK_TEST_REDIS_URL'] && find(redis)
const postgresProgram = process.env['BULWARK_TEST_PG_URL'] && find(postgres)

interface Outage {
  readonly name: string
  readonly program: string | undefined
  start(): Promise<Server>
  open(url: string): { store: Store; end(): Promise<unknown> }
}

const openRedis = (cache: boolean) => (url: string) => {
  const client = new Redis(url, { retryStrategy: () => 50 })
  // The app hears of what it cannot connect to from its own client; the store says so by itself.
  client.on('error', () => undefined)
  return { store: redisStore(client, { cache }), end: async () => client.disconnect() }
}
const startDurableRedis = (): Promise<Server> =>
  startRedis(redisProgram ?? '', ['--appendonly', 'yes', '--appendfsync', 'always'])

const outages: readonly Outage[] = [
  { name: 'Redis that writes at once', program: redisProgram, start: startDurableRedis, open: openRedis(false) },
  {
    name: 'the same, with reads kept in memory',
    program: redisProgram,
    start: startDurableRedis,
    open: openRedis(true),
  },
  {
    name: 'PostgreSQL',
    program: postgresProgram,
    start: () => startPostgres(postgresProgram ?? '', DURABLE),
    open: (url) => {
      const pool = new Pool({ connectionString: url, max: 5 })
      pool.on('error', () => undefined)
      return { store: postgresStore(pool), end: () => pool.end() }
    },
  },
]

interface Answer {
  readonly path: string
  readonly status: number
  readonly type: string | null
  readonly text: string
}

test.skipIf(!redisProgram && !postgresProgram).each(outages.filter(({ program }) => program))(
  'with $name killed under load, whoever has a session gets a 503 and is never a guest; nothing that was answered is lost',
  async ({ start, open }) => {
    const server = await start()
    const { store, end } = open(server.url)
    const app = createServer(async (req, res) => {
      const { session } = securityOf(req)
      if (req.url === '/sign-in') await session.signIn({ id: 'ann' })
      else if (req.url === '/write') await session.update(({ writes = 0 }) => ({ writes: writes + 1 }))
      else if (req.url === '/health') return void res.end('fine')
      res.end(JSON.stringify({ user: (await securityOf(req).user())?.id, ...(await session.get()) }))
    })
    secure(app, { store, onEvent: () => {}, rateLimit: { off: 'many requests from here are the point' } })
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      app.closeAllConnections()
      app.close()
      await store.close?.()
      await server.stop()
      await end()
    })
    const origin = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
    let cookie = ''
    const ask = async (path: string): Promise<Answer & { set: readonly string[] }> => {
      const response = await fetch(origin + path, { method: 'POST', headers: { cookie } })
      const { status, headers } = response
      return {
        path,
        status,
        type: headers.get('content-type'),
        text: await response.text(),
        set: headers.getSetCookie(),
      }
    }
    await vi.waitFor(async () => {
      const { set } = await ask('/sign-in')
      cookie = set[0]?.split(';')[0] ?? expect.fail('no session yet')
    }, 10_000)

    const answers: Answer[] = []
    let isOver = false
    const load = Array.from({ length: 6 }, async (_, i) => {
      while (!isOver) {
        const answer = await ask(i === 5 ? '/health' : i % 2 === 0 ? '/write' : '/')
        answers.push(answer)
        await pause(3)
      }
    })
    const seen = (path: string, status: number): number =>
      answers.filter((answer) => answer.path === path && answer.status === status).length
    await vi.waitFor(() => expect(seen('/write', 200)).toBeGreaterThan(30), 10_000)

    await kill(server)
    await vi.waitFor(() => expect(Math.min(seen('/write', 503), seen('/', 503))).toBeGreaterThan(5), 10_000)
    const before = { write: seen('/write', 200), read: seen('/', 200) }
    await server.restart()
    await vi.waitFor(() => {
      expect(seen('/write', 200)).toBeGreaterThan(before.write + 5)
      expect(seen('/', 200)).toBeGreaterThan(before.read + 5)
    }, 20_000)
    isOver = true
    await Promise.all(load)

    const odd = answers.filter(({ path, status, type, text }) => {
      if (path === '/health') return status !== 200
      if (status === 200) return JSON.parse(text).user !== 'ann'
      return status !== 503 || type !== 'application/problem+json' || !/^\{"type":"about:blank","title":/.test(text)
    })
    expect(odd).toEqual([])
    const { writes } = JSON.parse((await ask('/')).text) as { writes: number }
    expect(writes).toBeGreaterThanOrEqual(seen('/write', 200))
    expect(writes).toBeLessThanOrEqual(seen('/write', 200) + seen('/write', 503))
  },
  60_000,
)

/** At once, with everything that it has started: PostgreSQL answers from a process for each connection. */
async function kill(server: Server): Promise<void> {
  const list = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(server.pid)]).catch(() => ({
    stdout: '',
  }))
  for (const pid of [server.pid, ...list.stdout.split('\n').filter(Boolean).map(Number)]) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      // It has ended since.
      if (!String(error).includes('ESRCH')) throw error
    }
  }
  await server.crash()
}
