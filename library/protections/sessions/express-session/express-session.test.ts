import { once } from 'node:events'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import express5, { type Express, type Request } from 'express'
import { afterEach, describe, expect, test } from 'vitest'
import { bulwark } from '../../../adapters/express.ts'
import { off } from '../../../core/policy.ts'
import type { Store } from '../../../core/store.ts'
import { memoryStore } from '../../../stores/memory.ts'
import { expressSession } from './express-session.ts'

interface Visit {
  [property: string]: unknown
  readonly id: string
  readonly cookie: { maxAge: unknown; secure: boolean }
  count?: number
  list?: string[]
  save(done?: (error?: unknown) => void): unknown
  reload(done: (error?: unknown) => void): unknown
  regenerate(done: (error?: unknown) => void): unknown
  destroy(done?: (error?: unknown) => void): unknown
}

const at = (req: Request): Visit => req.session as unknown as Visit

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A store that is slow, or away, when the test says so. */
function fragile(): Store & { isAway: boolean; delay: number; writes: number } {
  const memory = memoryStore()
  const store = {
    name: 'fragile',
    shared: true,
    isAway: false,
    delay: 0,
    writes: 0,
    get: (key: string) => ask(() => memory.get(key)),
    put: (...args: Parameters<Store['put']>) => {
      store.writes++
      return ask(() => memory.put(...args))
    },
    delete: (key: string) => ask(() => memory.delete(key)),
    take: memory.take.bind(memory),
    keysOf: (owner: string) => ask(() => memory.keysOf(owner)),
    deleteAllOf: (owner: string) => ask(() => memory.deleteAllOf(owner)),
  }
  async function ask<T>(work: () => T): Promise<Awaited<T>> {
    if (store.delay > 0) await pause(store.delay)
    if (store.isAway) throw new Error('connection refused to 10.0.0.7')
    return await work()
  }
  return store
}

async function served(express: typeof express5, store: Store, routes: (app: Express) => void): Promise<string> {
  const app = express()
  app.use(bulwark({ store, onEvent: () => {}, rateLimit: off('many requests from here are the point') }))
  app.use(expressSession())
  routes(app)
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function ask(url: string, cookie = ''): Promise<{ response: Response; text: string; cookie: string }> {
  const response = await fetch(url, { redirect: 'manual', headers: { 'sec-fetch-site': 'same-origin', cookie } })
  const [line] = response.headers.getSetCookie()
  return { response, text: await response.text(), cookie: line === undefined ? cookie : (line.split(';')[0] ?? '') }
}

const frameworks: Readonly<Record<string, typeof express5>> = {
  'Express 5': express5,
  'Express 4': createRequire(import.meta.url)('express4') as typeof express5,
}

describe.each(Object.entries(frameworks))('req.session on %s', (_, express) => {
  test('is stored before the answer leaves, however slow the store is', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/set', (req, res) => {
        at(req).list = ['a']
        res.redirect('/')
      })
      app.get('/push', (req, res) => {
        at(req).list?.push('b')
        res.json('pushed')
      })
      app.get('/', (req, res) => {
        res.json(at(req).list ?? null)
      })
    })
    store.delay = 30
    const { response, cookie } = await ask(`${origin}/set`)
    expect([response.status, response.headers.get('location')]).toEqual([302, '/'])
    expect((await ask(origin, cookie)).text).toBe('["a"]')
    const pushed = await ask(`${origin}/push`, cookie)
    expect(pushed.text).toBe('"pushed"')
    expect(pushed.response.headers.getSetCookie()).toEqual([])
    expect((await ask(origin, cookie)).text).toBe('["a","b"]')
  })

  test('that was only read is not written', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/set', (req, res) => {
        at(req).count = 1
        res.json(null)
      })
      app.get('/', (req, res) => {
        res.json([at(req).count, at(req).cookie.secure])
      })
    })
    const { cookie } = await ask(`${origin}/set`)
    const before = store.writes
    expect((await ask(origin, cookie)).text).toBe('[1,true]')
    expect((await ask(origin)).text).toBe('[null,true]')
    expect(store.writes).toBe(before)
  })

  test('of writes to different properties at the same time, and of removals, none is lost', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/set/:name', async (req, res) => {
        await pause(5)
        at(req)[String(req.params['name'])] = 1
        res.json(null)
      })
      app.get('/remove/:name', (req, res) => {
        delete at(req)[String(req.params['name'])]
        res.json(null)
      })
      app.get('/', (req, res) => {
        res.json(Object.keys(at(req)).sort())
      })
    })
    const { cookie } = await ask(`${origin}/set/first`)
    const names = Array.from({ length: 30 }, (_, i) => `k${i}`)
    await Promise.all([
      ...names.map((name) => ask(`${origin}/set/${name}`, cookie)),
      ask(`${origin}/remove/first`, cookie),
    ])
    expect(JSON.parse((await ask(origin, cookie)).text)).toEqual([...names].sort())
  })

  test('that could not be stored is a 503, and nothing of the answer leaves', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/set', (req, res) => {
        at(req).count = (at(req).count ?? 0) + 1
        if (req.query['fail']) store.isAway = true
        res.set('X-Own', 'a').json({ done: at(req).count })
      })
    })
    const { cookie } = await ask(`${origin}/set`)
    const { response, text } = await ask(`${origin}/set?fail=1`, cookie)
    expect(response.status).toBe(503)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(text).not.toMatch(/done|10\.0\.0\.7/)
    expect(Number(response.headers.get('content-length'))).toBe(text.length)
    // Nor is who comes with a session a guest meanwhile.
    expect((await ask(`${origin}/set`, cookie)).response.status).toBe(503)
    store.isAway = false
    expect((await ask(`${origin}/set`, cookie)).text).toBe('{"done":2}')
  })

  test('that could not be stored can be explained by the error handler of the app', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/set', (req, res) => {
        at(req).count = 1
        store.isAway = true
        res.type('text/csv').send('1,2,3')
      })
      app.use((error: { code?: string }, _req: Request, res: express5.Response, _next: express5.NextFunction) => {
        res.status(502).json({ sorry: error.code })
      })
    })
    const { response, text } = await ask(`${origin}/set`)
    expect(response.status).toBe(502)
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(JSON.parse(text)).toEqual({ sorry: 'BULWARK_STORE_UNAVAILABLE' })
  })

  test('is stored before a stream begins, and again before it ends', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/stream', (req, res) => {
        at(req).list = ['begun']
        const body = Readable.from(Array.from({ length: 40 }, (_, i) => 'a'.repeat(i < 20 ? 200 : 20_000)))
        body.on('end', () => {
          at(req).list?.push('ended')
        })
        body.pipe(res)
      })
      app.get('/', (req, res) => {
        res.json(at(req).list ?? null)
      })
    })
    store.delay = 10
    const { text, cookie } = await ask(`${origin}/stream`)
    expect(text.length).toBe(404_000)
    expect((await ask(origin, cookie)).text).toBe('["begun","ended"]')
  })

  test('that begins after the head has left ends the connection instead of being lost in silence', async () => {
    const origin = await served(express, fragile(), (app) => {
      app.get('/late', (req, res) => {
        res.write('a')
        at(req).count = 1
        res.end('b')
      })
    })
    await expect(ask(`${origin}/late`)).rejects.toThrow()
  })

  test('while it is stored, a second answer is an error, and the first one stays as it was', async () => {
    const store = fragile()
    let second: unknown
    const origin = await served(express, store, (app) => {
      app.get('/twice', (req, res) => {
        at(req).count = 1
        res.json({ first: true })
        try {
          res.json({ second: 'is longer than the first' })
        } catch (error) {
          second = [(error as { code?: string }).code, res.headersSent, res.writableEnded]
        }
      })
    })
    store.delay = 20
    expect((await ask(`${origin}/twice`)).text).toBe('{"first":true}')
    expect(second).toEqual(['ERR_HTTP_HEADERS_SENT', true, true])
  })

  test('that is destroyed is over before the answer leaves, with and without a callback', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/set', (req, res) => {
        at(req).count = 1
        res.json(null)
      })
      app.get('/destroy', (req, res) => {
        at(req).destroy()
        res.json(req.session ?? 'gone')
      })
      app.get('/destroy-and-wait', (req, res, next) => {
        at(req).destroy((error) => (error ? next(error) : res.json('gone')))
      })
      app.get('/null', (req, res) => {
        Reflect.set(req, 'session', null)
        res.json('gone')
      })
      app.get('/', (req, res) => {
        res.json(at(req).count ?? null)
      })
    })
    store.delay = 10
    for (const path of ['/destroy', '/destroy-and-wait', '/null']) {
      const { cookie } = await ask(`${origin}/set`)
      expect((await ask(origin, cookie)).text).toBe('1')
      const { response, text } = await ask(origin + path, cookie)
      expect(text, path).toBe('"gone"')
      expect(response.headers.get('clear-site-data'), path).toBe('"cookies", "storage"')
      expect(response.headers.getSetCookie()[0], path).toContain('Max-Age=0')
      expect((await ask(origin, cookie)).text, path).toBe('null')
    }
    // A guest who was never here has nothing to forget.
    const { response } = await ask(`${origin}/destroy`)
    expect([response.status, response.headers.get('clear-site-data')]).toEqual([200, null])
  })

  test('that could not be destroyed is a 503', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/set', (req, res) => {
        at(req).count = 1
        res.json(null)
      })
      app.get('/destroy', (req, res) => {
        store.isAway = true
        at(req).destroy()
        res.redirect('/bye')
      })
    })
    const { cookie } = await ask(`${origin}/set`)
    expect((await ask(`${origin}/destroy`, cookie)).response.status).toBe(503)
  })

  test('saves, reloads and regenerates with callbacks', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/steps', (req, res, next) => {
        const seen: unknown[] = []
        const first = at(req)
        first.count = 1
        first.save((error) => {
          if (error) return next(error)
          first.count = 2
          first.reload((error) => {
            if (error) return next(error)
            seen.push(at(req).count, at(req) === first)
            const { id } = at(req)
            at(req).regenerate((error) => {
              if (error) return next(error)
              seen.push(at(req).count, at(req).id === id, req.sessionID === at(req).id)
              at(req).count = 7
              res.json(seen)
            })
          })
        })
      })
      app.get('/', (req, res) => {
        res.json(at(req).count ?? null)
      })
    })
    const { text, cookie } = await ask(`${origin}/steps`)
    expect(JSON.parse(text)).toEqual([1, false, null, false, true])
    expect((await ask(origin, cookie)).text).toBe('7')
  })

  test('that is being regenerated is new before the answer leaves, also for who does not wait', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/set', (req, res) => {
        at(req).count = 1
        res.json(null)
      })
      app.get('/regenerate', (req, res) => {
        at(req).regenerate(() => {})
        res.json(null)
      })
    })
    const { cookie } = await ask(`${origin}/set`)
    store.delay = 20
    const { response } = await ask(`${origin}/regenerate`, cookie)
    expect(response.headers.getSetCookie()[0]).toContain('Max-Age=0')
  })

  test('tells its callbacks what went wrong', async () => {
    const store = fragile()
    const origin = await served(express, store, (app) => {
      app.get('/fail/:what', (req, res) => {
        const session = at(req)
        session.count = Math.random()
        store.isAway = true
        const done = (error: unknown): void => {
          store.isAway = false
          res.json((error as { code?: string }).code ?? null)
        }
        if (req.params['what'] === 'save') session.save(done)
        else if (req.params['what'] === 'reload') session.reload(done)
        else if (req.params['what'] === 'destroy') session.destroy(done)
        else session.regenerate(done)
      })
    })
    const { cookie, text } = await ask(`${origin}/fail/save`)
    expect(text).toBe('"BULWARK_STORE_UNAVAILABLE"')
    for (const what of ['save', 'reload', 'regenerate', 'destroy']) {
      expect((await ask(`${origin}/fail/${what}`, cookie)).text, what).toBe('"BULWARK_STORE_UNAVAILABLE"')
    }
  })

  test.each([
    ['a thing that JSON cannot hold', (req: Request) => void (at(req)['self'] = at(req))],
    ['a session that was replaced', (req: Request) => void Reflect.set(req, 'session', { count: 1 })],
    ['a lifetime of its own', (req: Request) => void (at(req).cookie.maxAge = 1000)],
    ['a user without an id', (req: Request) => void (at(req)['passport'] = { user: { name: 'ada' } })],
  ])('%s is refused, with the way out in the event', async (_what, change) => {
    const errors: unknown[] = []
    const app = express()
    app.use(bulwark({ onEvent: ({ error }) => errors.push(error) }))
    app.use(expressSession())
    app.get('/', (req, res) => {
      change(req)
      res.json('done')
    })
    const server = app.listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    const { response, text } = await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect([response.status, text.includes('done')]).toEqual([500, false])
    expect(errors).toContainEqual(expect.objectContaining({ code: 'BULWARK_SESSION_INVALID', fix: expect.any(String) }))
  })

  test('names of methods and of the prototype are properties that do no harm', async () => {
    const origin = await served(express, fragile(), (app) => {
      app.get('/set', async (req, res) => {
        const data = JSON.parse('{"save":1,"id":"planted","__proto__":{"isAdmin":true},"toString":"a","fine":1}')
        await req.security.session.update(() => data)
        res.json(null)
      })
      app.get('/', (req, res) => {
        const session = at(req)
        session.count = 1
        res.json([typeof session.save, session.id === 'planted', 'isAdmin' in session, session['fine']])
      })
      app.get('/stored', async (req, res) => {
        res.json(Object.keys(await req.security.session.get()).sort())
      })
    })
    const { cookie } = await ask(`${origin}/set`)
    expect((await ask(origin, cookie)).text).toBe('["function",false,false,1]')
    expect((await ask(`${origin}/stored`, cookie)).text).toBe('["__proto__","count","fine","id","save","toString"]')
  })

  test('is the same session as req.security.session', async () => {
    const origin = await served(express, fragile(), (app) => {
      app.get('/sign-in', async (req, res) => {
        await req.security.session.signIn({ id: 'x7' })
        res.json(null)
      })
      app.get('/', (req, res) => {
        res.json(at(req)['passport'] ?? null)
      })
      app.get('/forget', (req, res) => {
        Reflect.deleteProperty(at(req), 'passport')
        at(req).count = 3
        res.json(null)
      })
      app.get('/who', async (req, res) => {
        res.json([await req.security.user(), at(req).count])
      })
    })
    const { cookie } = await ask(`${origin}/sign-in`)
    expect((await ask(origin, cookie)).text).toBe('{"user":"x7"}')
    await ask(`${origin}/forget`, cookie)
    expect((await ask(`${origin}/who`, cookie)).text).toBe('[null,3]')
  })

  test('needs Bulwark on the same application', async () => {
    const app = express()
    app.use(expressSession())
    app.use((error: { code?: string }, _req: Request, res: express5.Response, _next: express5.NextFunction) => {
      res.json(error.code)
    })
    const server = app.listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    const { text } = await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect(text).toBe('"BULWARK_ADAPTER_MISUSED"')
  })
})

test.each([
  'secret',
  'name',
  'store',
  'cookie',
  'rolling',
  'genid',
  'resave',
  'saveUninitialized',
  'proxy',
  'unset',
  'colour',
])('the option %s of express-session is refused, with what to do instead', (name) => {
  expect(() => expressSession({ [name]: true })).toThrow(
    expect.objectContaining({
      code: 'BULWARK_POLICY_INVALID',
      at: `expressSession({ ${name} })`,
      fix: expect.stringMatching(/policy|leave it out|call|options are/),
    }),
  )
})

test('a key and a user must be what they are said to be', () => {
  expect(() => expressSession({ key: '' })).toThrow(/^BULWARK_POLICY_INVALID/)
  expect(() => expressSession({ user: 'email' as never })).toThrow(/^BULWARK_POLICY_INVALID/)
})
