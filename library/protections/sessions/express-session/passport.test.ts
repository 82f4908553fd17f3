import { once } from 'node:events'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express5 from 'express'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { afterEach, describe, expect, test } from 'vitest'
import { bulwark } from '../../../adapters/express.ts'
import { parseSetCookie } from '../../../toolbox/cookies.ts'
import { expressSession } from './express-session.ts'

const frameworks: Readonly<Record<string, typeof express5>> = {
  'Express 5': express5,
  'Express 4': createRequire(import.meta.url)('express4') as typeof express5,
}

interface Person {
  readonly id: number
  readonly name: string
}

const PEOPLE: readonly Person[] = [
  { id: 7, name: 'ada' },
  { id: 8, name: 'bob' },
]

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** An app as one writes it with passport, unchanged but for the line with expressSession(). */
async function open(express: typeof express5): Promise<string> {
  const { Passport } = passport as unknown as { Passport: new () => passport.PassportStatic }
  const people = new Passport()
  people.use(
    new Strategy((name, password, done) => {
      const person = PEOPLE.find((each) => each.name === name)
      if (password === 'right' && person) done(null, person)
      else done(null, false, { message: 'That was not right.' })
    }),
  )
  people.serializeUser((user, done) => done(null, (user as Person).id))
  people.deserializeUser((id, done) => done(null, PEOPLE.find((each) => String(each.id) === String(id)) ?? false))

  const app = express()
  app.use(bulwark({ onEvent: () => {} }))
  app.use(expressSession())
  app.use(people.session())
  app.use(express.urlencoded({ extended: false }))
  app.get('/', async (req, res) => {
    res.json({
      passport: (req.user as Person | undefined)?.name ?? null,
      bulwark: (await req.security.user())?.id ?? null,
      id: req.sessionID,
      theme: req.session['theme' as never] ?? null,
    })
  })
  app.post(
    '/sign-in',
    people.authenticate('local', { successRedirect: '/', failureRedirect: '/messages', failureMessage: true }),
  )
  app.get('/messages', (req, res) => {
    const session = req.session as unknown as { messages?: string[] }
    const { messages = [] } = session
    session.messages = []
    res.json(messages)
  })
  app.post('/theme', (req, res) => {
    Object.assign(req.session, { theme: 'dark' })
    res.json(req.sessionID)
  })
  app.post('/sign-out', (req, res, next) => {
    req.logout((error) => {
      if (error) return next(error)
      res.redirect('/')
    })
  })
  app.post('/plant', (req, res) => {
    // What people write who do not know regenerate().
    Object.assign(req.session, { passport: { user: 7 } })
    res.json('signed in')
  })
  app.get('/list', async (req, res) => {
    res.json(await req.security.session.list())
  })
  app.post('/end-all', async (req, res) => {
    res.json(await req.security.session.endAll('7'))
  })
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Keeps cookies as a browser does, but for `Secure`: the tests speak http. */
class Browser {
  readonly #origin: string
  readonly cookies: Map<string, string> = new Map()

  constructor(origin: string) {
    this.#origin = origin
  }

  get(path: string): Promise<Response> {
    return this.#send('GET', path)
  }

  post(path: string, fields: Record<string, string> = {}): Promise<Response> {
    return this.#send('POST', path, new URLSearchParams(fields))
  }

  async read<T>(path: string): Promise<T> {
    return (await (await this.get(path)).json()) as T
  }

  signIn(username: string, password = 'right'): Promise<Response> {
    return this.post('/sign-in', { username, password })
  }

  async #send(method: string, path: string, body?: URLSearchParams): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(this.#origin + path, {
      method,
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin', ...(cookie && { cookie }) },
      ...(body && { body }),
    })
    for (const line of response.headers.getSetCookie()) {
      const { name, value, attributes } = parseSetCookie(line)
      if (attributes.get('max-age') === '0') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return response
  }
}

const COOKIE = '__Host-app-session'
interface Home {
  readonly passport: string | null
  readonly bulwark: string | null
  readonly id: string
  readonly theme: string | null
}

describe.each(Object.entries(frameworks))('passport on %s', (_, express) => {
  test('a guest gets no cookie before something is stored', async () => {
    const browser = new Browser(await open(express))
    expect(await browser.read<Home>('/')).toMatchObject({ passport: null, bulwark: null })
    expect(browser.cookies.size).toBe(0)
  })

  test('a sign-in makes a new id, leaves what the guest had behind, and tells Bulwark who it is', async () => {
    const origin = await open(express)
    const browser = new Browser(origin)
    await browser.post('/theme')
    const before = {
      cookie: browser.cookies.get(COOKIE) ?? expect.fail('no session'),
      ...(await browser.read<Home>('/')),
    }
    expect(before.theme).toBe('dark')

    const answer = await browser.signIn('ada')
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/'])
    const after = await browser.read<Home>('/')
    expect(after).toMatchObject({ passport: 'ada', bulwark: '7', theme: null })
    expect(after.id).not.toBe(before.id)
    expect(browser.cookies.get(COOKIE)).not.toBe(before.cookie)

    // Whoever planted the first cookie has a guest's.
    const thief = new Browser(origin)
    thief.cookies.set(COOKIE, before.cookie)
    expect(await thief.read<Home>('/')).toMatchObject({ passport: null, bulwark: null })
  })

  test('the id of the session is not what opens it', async () => {
    const origin = await open(express)
    const browser = new Browser(origin)
    await browser.signIn('ada')
    const { id } = await browser.read<Home>('/')
    expect(browser.cookies.get(COOKIE)).not.toContain(id)
    expect((await browser.read<{ handle: string }[]>('/list')).map(({ handle }) => handle)).toEqual([id])
    const other = new Browser(origin)
    other.cookies.set(COOKIE, id)
    expect((await other.read<Home>('/')).passport).toBeNull()
  })

  test('a failed sign-in tells why, once, on the next page', async () => {
    const browser = new Browser(await open(express))
    const answer = await browser.signIn('ada', 'wrong')
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/messages'])
    expect(await browser.read('/messages')).toEqual(['That was not right.'])
    expect(await browser.read('/messages')).toEqual([])
    expect((await browser.read<Home>('/')).passport).toBeNull()
  })

  test('signing out ends the session in the store, and the browser has another one or none', async () => {
    const origin = await open(express)
    const browser = new Browser(origin)
    await browser.signIn('ada')
    const stolen = new Browser(origin)
    stolen.cookies.set(COOKIE, browser.cookies.get(COOKIE) ?? expect.fail('no session'))
    expect((await stolen.read<Home>('/')).passport).toBe('ada')
    expect((await browser.post('/sign-out')).status).toBe(302)
    expect(await browser.read<Home>('/')).toMatchObject({ passport: null, bulwark: null })
    expect(await stolen.read<Home>('/')).toMatchObject({ passport: null, bulwark: null })
    await browser.signIn('ada')
    expect(await browser.read('/list')).toHaveLength(1)
  })

  test('two browsers of one person are two sessions, which can be ended together', async () => {
    const origin = await open(express)
    const [one, two, other] = [new Browser(origin), new Browser(origin), new Browser(origin)]
    await one.signIn('ada')
    await two.signIn('ada')
    await other.signIn('bob')
    expect(await one.read('/list')).toHaveLength(2)
    expect(await (await two.post('/end-all')).json()).toBe(2)
    expect((await one.read<Home>('/')).passport).toBeNull()
    expect((await two.read<Home>('/')).passport).toBeNull()
    expect((await other.read<Home>('/')).passport).toBe('bob')
  })

  test('a user who is bound by hand, without regenerate(), gets a new id all the same', async () => {
    const browser = new Browser(await open(express))
    await browser.post('/theme')
    const before = browser.cookies.get(COOKIE)
    await browser.post('/plant')
    expect(browser.cookies.get(COOKIE)).not.toBe(before)
    expect(await browser.read<Home>('/')).toMatchObject({ passport: 'ada', bulwark: '7' })
  })

  test('who signs in as somebody else takes nothing along', async () => {
    const browser = new Browser(await open(express))
    await browser.signIn('ada')
    await browser.post('/theme')
    await browser.signIn('bob')
    expect(await browser.read<Home>('/')).toMatchObject({ passport: 'bob', bulwark: '8', theme: null })
  })
})
