import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import pg from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { ringOf } from '../../keys/ring.ts'
import { loadJose } from '../../tokens/jose.ts'
import { signingWith } from './calling/signing.ts'

/** Two processes that share a store, and one call that comes a hundred times, fifty at each, all at once. */
const COPIES = 100
const children: ChildProcess[] = []
const { BULWARK_TEST_REDIS_URL: redisUrl, BULWARK_TEST_PG_URL: pgUrl } = process.env
const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)
const signing = signingWith(
  ringOf([{ secret: randomBytes(32).toString('base64url'), state: 'active' }]),
  loadJose(),
  Date.now,
)

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Starts a process whose store is what the source text makes of it, and answers its port. */
async function start(store: string, env: Readonly<Record<string, string>>): Promise<number> {
  const app = `
    import { createServer } from 'node:http'
    import { secure } from ${here('../../adapters/node.ts')}
    ${store}
    const server = createServer(secure({ caller: 'notify:send' }, (req, res) => { req.resume(); res.end('done') }))
    secure(server, {
      store,
      app: process.env.STORE_APP,
      onEvent() {},
      rateLimit: { off: 'all of them come from here' },
      overload: { off: 'the machine may be busy' },
      callers: { self: 'notify', known: { blog: { keys: JSON.parse(process.env.BLOG_KEYS), may: ['notify:send'] } } },
    })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', app], {
    env: { ...process.env, ...env, BLOG_KEYS: JSON.stringify(signing.published()) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [line] = await once(child.stdout ?? child, 'data')
  return Number(String(line).trim())
}

function send(port: number, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Service-Call ${token}`, 'content-type': 'text/plain' }
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/messages', agent: false, headers })
    sent.on('response', (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.on('error', reject).end('hello')
  })
}

async function oneOfAHundred(store: string, env: Readonly<Record<string, string>>): Promise<void> {
  const own = { ...env, STORE_APP: `calls-${randomBytes(6).toString('hex')}` }
  const ports = await Promise.all([start(store, own), start(store, own)])
  for (let round = 0; round < 3; round++) {
    const token = await signing.sign({
      ...{ self: 'blog', to: 'notify', method: 'POST', target: '/messages' },
      ...{ body: Buffer.from('hello'), user: undefined },
    })
    const copies = Array.from({ length: COPIES }, (_, i) => send(ports[i % 2] ?? 0, token))
    const statuses = await Promise.all(copies)
    expect(statuses.sort()).toEqual([200, ...Array.from({ length: COPIES - 1 }, () => 401)])
  }
}

describe('of a hundred copies of one call at two processes, exactly one passes', { timeout: 60_000 }, () => {
  test.skipIf(!redisUrl)('on Redis', () =>
    oneOfAHundred(
      `import { Redis } from 'ioredis'
      import { redisStore } from ${here('../../stores/redis.ts')}
      const store = redisStore(new Redis(process.env.STORE_URL))`,
      { STORE_URL: redisUrl ?? '' },
    ),
  )

  test.skipIf(!pgUrl)('on PostgreSQL', async () => {
    const schema = `calls_${randomBytes(6).toString('hex')}`
    const pool = new pg.Pool({ connectionString: pgUrl, max: 1 })
    await pool.query(`CREATE SCHEMA ${schema}`)
    const url = new URL(pgUrl ?? '')
    url.searchParams.set('options', `-c search_path=${schema}`)
    try {
      await oneOfAHundred(
        `import pg from 'pg'
        import { postgresStore } from ${here('../../stores/postgres.ts')}
        const store = postgresStore(new pg.Pool({ connectionString: process.env.STORE_URL, max: 10 }))`,
        { STORE_URL: url.href },
      )
    } finally {
      for (const child of children.splice(0)) child.kill('SIGKILL')
      await pool.query(`DROP SCHEMA ${schema} CASCADE`)
      await pool.end()
    }
  })
})
