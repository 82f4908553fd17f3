import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseSetCookie } from '../../toolbox/cookies.ts'

const redisUrl = process.env['BULWARK_TEST_REDIS_URL']
const pgUrl = process.env['BULWARK_TEST_PG_URL']
const run = `t${randomBytes(6).toString('hex')}`
const COOKIE = '__Host-app-session'
const OLD_SECRET = 'what the old app signed with'
const LIMIT = 4
const WRITERS = 1000

const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)
/** The machine may be busy with something else for long. */
const deadline = `deadline: '20s'`

/** Two processes of one app, over the same store: how each of them opens it. */
const stores: readonly { readonly name: string; readonly url: string | undefined; readonly open: readonly string[] }[] =
  [
    {
      name: 'Redis, of whose readers one keeps in memory what it reads',
      url: redisUrl,
      open: [
        `import { Redis } from 'ioredis'
       import { redisStore } from ${here('../../stores/redis.ts')}
       const store = redisStore(new Redis('${redisUrl}'), { prefix: '${run}:', ${deadline} })`,
        `import { createClient } from 'redis'
       import { redisStore } from ${here('../../stores/redis.ts')}
       const client = await createClient({ url: '${redisUrl}' }).connect()
       let on
       const isOn = new Promise((resolve) => { on = resolve })
       const store = redisStore(client, { prefix: '${run}:', ${deadline}, cache: { onChange: on } })
       await isOn`,
      ],
    },
    {
      name: 'PostgreSQL',
      url: pgUrl,
      open: Array.from(
        { length: 2 },
        () => `
      import pg from 'pg'
      import { postgresStore } from ${here('../../stores/postgres.ts')}
      const store = postgresStore(new pg.Pool({ connectionString: '${pgUrl}', max: 8 }), { table: '${run}_sessions', ${deadline} })`,
      ),
    },
  ]

/** What each process serves: the session as JSON, and one route for each thing that can be done with it. */
const app = `
  import { createServer } from 'node:http'
  import { Redis as Old } from 'ioredis'
  import { secure, securityOf } from ${here('../../adapters/node.ts')}
  import { redisSessions } from ${here('./express-session/express-session.ts')}
  const server = createServer(async (req, res) => {
    const security = securityOf(req)
    const { session } = security
    const { pathname, searchParams } = new URL(req.url, 'http://localhost')
    try {
      if (pathname === '/sign-in') await session.signIn({ id: searchParams.get('id') })
      else if (pathname === '/sign-out') await session.signOut()
      else if (pathname === '/rotate') await session.rotate()
      else if (pathname === '/end-all') await session.endAll(searchParams.get('id'))
      else if (pathname === '/count') await session.update(({ n = 0 }) => ({ n: n + 1, ['k' + searchParams.get('k')]: 1 }))
      const data = await session.get()
      res.end(JSON.stringify({ user: (await security.user())?.id, data, sessions: (await session.list()).length }))
    } catch (error) {
      res.statusCode = error.status ?? 500
      res.end(JSON.stringify({ code: error.code }))
    }
  })
  const old = process.env.OLD ? new Old(process.env.OLD) : undefined
  secure(server, {
    store,
    onEvent: (event) => event.error && console.error(event.error),
    rateLimit: { off: 'a thousand requests from here are the point' },
    overload: { off: 'a busy machine may need longer for them than people wait' },
    sessions: {
      limit: ${LIMIT},
      ...(old && { takeOver: { secrets: ['${OLD_SECRET}'], ...redisSessions(old, { prefix: '${run}:sess:' }) } }),
    },
  })
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))`

interface Answer {
  readonly status: number
  readonly user: string | undefined
  readonly data: Readonly<Record<string, unknown>>
  readonly sessions: number
  readonly code: string | undefined
  /** The cookies that were set, by name. */
  readonly set: ReadonlyMap<string, string>
}

const agent = new Agent({ keepAlive: true, maxSockets: 20 })
afterAll(async () => {
  agent.destroy()
  if (redisUrl) {
    const client = new Redis(redisUrl)
    const keys = await client.keys(`${run}:*`)
    if (keys.length > 0) await client.unlink(keys)
    await client.quit()
  }
  if (pgUrl) {
    const pool = new Pool({ connectionString: pgUrl })
    await pool.query(`DROP TABLE IF EXISTS ${run}_sessions`)
    await pool.end()
  }
})

for (const { name, url, open } of stores) {
  describe.skipIf(!url)(`two processes over ${name}`, () => {
    let children: ChildProcess[] = []
    let ports: readonly number[] = []
    beforeAll(async () => {
      children = open.map((store) =>
        spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', store + app], {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, ...(redisUrl && { OLD: redisUrl }) },
        }),
      )
      ports = await Promise.all(children.map(portOf))
    })
    afterAll(() => {
      for (const child of children) child.kill('SIGKILL')
    })
    const ask = (process: number, path: string, cookie = ''): Promise<Answer> =>
      send(ports[process % ports.length] ?? 0, path, cookie)
    const signIn = async (process: number, id: string): Promise<string> => {
      return `${COOKIE}=${(await ask(process, `/sign-in?id=${id}`)).set.get(COOKIE) ?? expect.fail('no session')}`
    }

    test('lose none of a thousand writes to one session', async () => {
      const cookie = await signIn(0, 'writer')
      const writes = await Promise.all(Array.from({ length: WRITERS }, (_, k) => ask(k, `/count?k=${k}`, cookie)))
      expect(writes.filter(({ status }) => status !== 200)).toEqual([])
      const { data } = await ask(0, '/', cookie)
      expect([data['n'], Object.keys(data).length]).toEqual([WRITERS, WRITERS + 1])
      await vi.waitFor(async () => expect((await ask(1, '/', cookie)).data['n']).toBe(WRITERS))
    }, 60_000)

    test('see what the other one has ended with its next request', async () => {
      for (const ends of [0, 1]) {
        const cookies = [await signIn(0, 'ann'), await signIn(1, 'ann'), await signIn(0, 'ann')]
        for (const process of [0, 1]) {
          for (const cookie of cookies) expect((await ask(process, '/', cookie)).user).toBe('ann')
        }
        await ask(ends, '/end-all?id=ann')
        for (const cookie of cookies) {
          expect((await ask(0, '/', cookie)).user).toBeUndefined()
          // The one that keeps what it reads needs the server's word first, which takes another way than our request.
          await vi.waitFor(async () => expect((await ask(1, '/', cookie)).user).toBeUndefined(), { interval: 1 })
        }
      }
    })

    test('together let one user have no more sessions than the limit', async () => {
      const cookies = await Promise.all(Array.from({ length: 12 }, (_, process) => signIn(process, 'bob')))
      const users = await Promise.all(cookies.map(async (cookie) => (await ask(0, '/', cookie)).user))
      const live = cookies.filter((_, i) => users[i] === 'bob')
      expect(live.length).toBeGreaterThan(0)
      expect(live.length).toBeLessThanOrEqual(LIMIT)
      expect((await ask(0, '/', live[0])).sessions).toBe(live.length)
    })

    test('let one of many rotations win, and the old id open nothing', async () => {
      const cookie = await signIn(0, 'cid')
      const answers = await Promise.all(Array.from({ length: 10 }, (_, process) => ask(process, '/rotate', cookie)))
      const won = answers.filter(({ status }) => status === 200)
      expect(won.length).toBe(1)
      expect(new Set(answers.filter((each) => each !== won[0]).map(({ status, code }) => `${status} ${code}`))).toEqual(
        new Set(['401 BULWARK_SESSION_ENDED']),
      )
      expect((await ask(0, '/', cookie)).user).toBeUndefined()
      const rotated = `${COOKIE}=${won[0]?.set.get(COOKIE)}`
      expect(await ask(1, '/', rotated)).toMatchObject({ user: 'cid', sessions: 1 })
    })

    test('bring back no session that is written and rotated while it is signed out', async () => {
      for (let round = 0; round < 5; round++) {
        const cookie = await signIn(round, 'dan')
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) => {
            if (i === 7) return ask(i, '/sign-out', cookie)
            return i % 5 === 3 ? ask(i, '/rotate', cookie) : ask(i, `/count?k=${i}`, cookie)
          }),
        )
        expect((await ask(0, '/', cookie)).user).toBeUndefined()
        // A rotation may have been faster than the sign-out, which then found nothing: that session is a whole one.
        const rotated = answers.flatMap(({ set }) => set.get(COOKIE) || [])
        const live = await Promise.all(rotated.map((id) => ask(0, '/', `${COOKIE}=${id}`)))
        expect(live.filter(({ user }) => user === 'dan').length).toBeLessThanOrEqual(1)
        await ask(0, '/end-all?id=dan')
      }
    })

    test.skipIf(!redisUrl)(
      'take over what express-session and connect-redis have kept, each session once',
      async () => {
        const old = await oldApp()
        try {
          const cookies = await Promise.all(Array.from({ length: 4 }, () => old.signIn(7)))
          for (const cookie of cookies) {
            const answers = await Promise.all(Array.from({ length: 8 }, (_, process) => ask(process, '/', cookie)))
            expect(answers.map(({ user, data }) => [user, data['cart']])).toEqual(answers.map(() => ['7', ['book']]))
            expect(new Set(answers.map(({ set }) => set.get(COOKIE))).size).toBe(1)
            expect(answers[0]?.set.get('connect.sid')).toBe('')
            expect(await old.who(cookie)).toBeNull()
            await vi.waitFor(async () => {
              expect(await ask(1, '/', `${COOKIE}=${answers[0]?.set.get(COOKIE)}`)).toMatchObject({ user: '7' })
            })
          }
          expect((await ask(0, '/', await signIn(0, '7').then((cookie) => cookie))).sessions).toBe(LIMIT)
          const forged = (await old.signIn(7)).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
          expect((await ask(0, '/', forged)).user).toBeUndefined()
          const over = await old.signIn(7, 30)
          await new Promise((resolve) => setTimeout(resolve, 40))
          expect((await ask(0, '/', over)).user).toBeUndefined()
        } finally {
          await old.end()
        }
      },
    )
  })
}

/** An app as it was before: express-session with connect-redis. */
async function oldApp(): Promise<{
  signIn(id: number, maxAge?: number): Promise<string>
  who(cookie: string): Promise<unknown>
  end(): Promise<void>
}> {
  const client = await createClient({ url: redisUrl ?? '' }).connect()
  const app = express()
  app.use(
    session({
      secret: OLD_SECRET,
      resave: false,
      saveUninitialized: false,
      store: new RedisStore({ client, prefix: `${run}:sess:` }),
    }),
  )
  app.get('/sign-in/:id/:maxAge', (req, res) => {
    Object.assign(req.session, { passport: { user: Number(req.params.id) }, cart: ['book'] })
    req.session.cookie.maxAge = Number(req.params.maxAge)
    res.end()
  })
  app.get('/', (req, res) => {
    res.json(Reflect.get(req.session, 'passport') ?? null)
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    signIn: async (id, maxAge = 3_600_000) => {
      const response = await fetch(`${origin}/sign-in/${id}/${maxAge}`)
      return response.headers.getSetCookie()[0]?.split(';')[0] ?? expect.fail('the old app set no cookie')
    },
    who: async (cookie) => (await fetch(origin, { headers: { cookie } })).json(),
    end: async () => {
      server.closeAllConnections()
      server.close()
      client.destroy()
    },
  }
}

function send(port: number, path: string, cookie: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': 0, ...(cookie !== '' && { cookie }) }
    const asked = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk: string) => {
        text += chunk
      })
      res.on('end', () => {
        const lines = (res.headers['set-cookie'] ?? []).map(parseSetCookie)
        const set = new Map(lines.map(({ name, value }) => [name, value]))
        resolve({ ...(JSON.parse(text) as Answer), status: res.statusCode ?? 0, set })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

async function portOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('the process has no output')
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return Number(line)
}
