import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import expressSession from 'express-session'
import { TOTP } from 'otpauth'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bulwark, secure } from '../adapters/express.ts'
import { memoryStore } from '../stores/memory.ts'
import { type Accounts, createAccounts } from './accounts.ts'
import type { Letter } from './base/letters.ts'
import type { Subject } from './base/options.ts'
import { memoryAccountStore } from './stores/memory.ts'
import { makeAuthenticator } from './test-authenticator.ts'
import { KEY, makeWorld, ORIGIN, PASSWORD } from './test-world.ts'

/** Somebody as the app's own table has him. */
interface Member {
  readonly id: string
  readonly roles: readonly string[]
  readonly email: string
}

const members: readonly Member[] = [
  { id: '17', roles: ['member'], email: 'ann@example.org' },
  { id: '18', roles: ['admin'], email: 'bob@example.org' },
]

let server: Server
let accounts: Accounts
let letters: Letter[]
/** Minutes that the app believes to have gone by since a sign-in. */
let age = 0

const origin = (): string => `http://localhost:${(server.address() as AddressInfo).port}`

/** An app that keeps passport and express-session, and takes second factors and passkeys from Bulwark. */
function passportApp(): Express {
  const store = memoryStore()
  const policy = { app: 'club', keys: KEY, store, onEvent: () => {} }
  accounts = createAccounts({
    ...policy,
    origins: () => [origin()],
    accounts: memoryAccountStore(),
    mail: (letter) => void letters.push(letter),
    subject: ({ req }): Subject | undefined => {
      const { user, session } = req as { user?: Member; session?: { at?: number } }
      return user && { ...user, authenticatedAt: (session?.at ?? 0) - age * 60_000 }
    },
  })
  passport.use(
    new Strategy({ usernameField: 'email' }, (email, password, done) => {
      done(null, password === PASSWORD && members.find((each) => each.email === email))
    }),
  )
  passport.serializeUser((user, done) => done(null, (user as Member).id))
  passport.deserializeUser((id, done) => done(null, members.find((each) => each.id === id) ?? false))

  const app = express()
  app.use(
    bulwark({
      ...policy,
      accessControl: { roles: { guest: [], member: ['club:enter'], admin: ['*'] }, identify: accounts.identify },
    }),
  )
  app.use(
    expressSession({
      name: 'club',
      secret: KEY,
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', secure: false },
    }),
  )
  app.use(passport.initialize(), passport.session(), express.json())

  const signIn = (req: express.Request, member: Member, done: (error?: unknown) => void): void =>
    req.logIn(member, (error) => {
      Object.assign(req.session, { at: Date.now() })
      done(error)
    })
  app.post(
    '/sign-in',
    secure({ allow: 'anyone' }),
    passport.authenticate('local', { session: false }),
    async (req, res, next) => {
      const member = req.user as unknown as Member
      const answer = await accounts.checkCode(req.security, { ...member, code: String(req.body.code ?? '') })
      if (!answer.ok && answer.reason !== 'missing') return void res.status(answer.status).json(answer)
      signIn(req, member, (error) => (error ? next(error) : res.json({ ok: true })))
    },
  )
  app.post('/passkeys/ask', secure({ allow: 'anyone' }), async (req, res) => {
    res.json(await accounts.startPasskeySignIn(req.security))
  })
  app.post('/passkeys/sign-in', secure({ allow: 'anyone' }), async (req, res, next) => {
    const answer = await accounts.finishPasskeySignIn(req.security, req.body)
    const member = answer.ok ? members.find(({ id }) => id === answer.profile.id) : undefined
    if (member === undefined) return void res.status(401).json(answer)
    signIn(req, member, (error) => (error ? next(error) : res.json({ ok: true })))
  })
  const step = (path: string, run: (req: express.Request) => Promise<object | undefined>): void => {
    app.post(path, secure({ allow: 'club:enter' }), async (req, res) => void res.json((await run(req)) ?? null))
  }
  step('/me', (req) => accounts.current(req.security))
  step('/totp/start', (req) => accounts.startTotp(req.security))
  step('/totp/confirm', (req) => accounts.confirmTotp(req.security, req.body))
  step('/passkeys/start', (req) => accounts.startPasskey(req.security))
  step('/passkeys/add', (req) => accounts.finishPasskey(req.security, req.body))
  return app
}

/** A browser as far as cookies go. */
function newBrowser(): (path: string, body?: object) => Promise<{ status: number; body: Record<string, never> }> {
  const jar = new Map<string, string>()
  return async (path, body = {}) => {
    const answer = await fetch(`${origin()}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        origin: origin(),
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      },
      body: JSON.stringify(body),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/)
      jar.set(name, value)
    }
    const text = await answer.text()
    return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : {} }
  }
}

beforeEach(async () => {
  letters = []
  age = 0
  server = createServer(passportApp())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

describe('an app that keeps passport', () => {
  const ann = { email: 'ann@example.org', password: PASSWORD }

  test('has its people and their roles in Bulwark’s access control', async () => {
    const browser = newBrowser()
    expect(await browser('/me')).toMatchObject({ status: 401 })
    expect(await browser('/sign-in', { ...ann, password: 'wrong' })).toMatchObject({ status: 401 })
    expect(await browser('/sign-in', ann)).toMatchObject({ status: 200 })
    expect(await browser('/me')).toMatchObject({ status: 200, body: { id: '17', hasTotp: false, hasPassword: false } })
  })

  test('gets a second factor: its password alone signs nobody in any more', async () => {
    const browser = newBrowser()
    await browser('/sign-in', ann)
    const { body: begun } = await browser('/totp/start')
    const code = (steps: number) =>
      TOTP.generate({
        secret: new TOTP({ secret: begun['secret'] ?? '' }).secret,
        timestamp: Date.now() + steps * 30_000,
      })
    expect(await browser('/totp/confirm', { code: code(0) })).toMatchObject({ body: { ok: true } })
    expect(letters.map(({ kind, to }) => [kind, to])).toEqual([['totp-added', 'ann@example.org']])
    const other = newBrowser()
    expect(await other('/sign-in', ann)).toMatchObject({ status: 401, body: { reason: 'code' } })
    expect(await other('/sign-in', { ...ann, code: code(0) })).toMatchObject({ status: 401, body: { reason: 'code' } })
    expect(await other('/me')).toMatchObject({ status: 401 })
    expect(await other('/sign-in', { ...ann, code: code(1) })).toMatchObject({ status: 200 })
    expect(await other('/me')).toMatchObject({ body: { id: '17', hasTotp: true } })
  })

  test('gets passkeys, by which passport signs in', async () => {
    const browser = newBrowser()
    await browser('/sign-in', ann)
    const { body: begun } = await browser('/passkeys/start')
    const authenticator = makeAuthenticator({ origin: origin() })
    const response = authenticator.create(begun['options'] ?? {})
    expect(await browser('/passkeys/add', { response, name: 'Phone' })).toMatchObject({ body: { ok: true } })
    const other = newBrowser()
    const { body: asked } = await other('/passkeys/ask')
    const given = authenticator.get(asked['options'] ?? {})
    expect(await other('/passkeys/sign-in', { response: given })).toMatchObject({ status: 200, body: { ok: true } })
    expect(await other('/me')).toMatchObject({ body: { id: '17', passkeys: [{ name: 'Phone' }] } })
    expect(await newBrowser()('/passkeys/sign-in', { response: given })).toMatchObject({ status: 401 })
  })

  test('must say when somebody signed in, before factors can be changed', async () => {
    const browser = newBrowser()
    await browser('/sign-in', ann)
    age = 11
    expect(await browser('/totp/start')).toMatchObject({ body: { ok: false, reason: 'not-fresh' } })
    expect(await browser('/passkeys/start')).toMatchObject({ body: { ok: false, reason: 'not-fresh' } })
  })
})

test('flows that would replace the other identity are refused', async () => {
  const world = makeWorld({ subject: () => undefined })
  const given = { email: 'ann@example.org', password: PASSWORD, token: '', code: '', current: '' }
  const flows = [
    'register',
    'verifyEmail',
    'signIn',
    'signOut',
    'reauthenticate',
    'changePassword',
    'requestReset',
    'reset',
    'requestEmailChange',
    'confirmEmailChange',
    'enterCode',
  ] as const
  for (const flow of flows) {
    const run = world.visitor().visit<unknown>((s) => world.accounts[flow](s, given))
    await expect(run, flow).rejects.toMatchObject({ code: 'BULWARK_POLICY_INVALID', at: 'createAccounts({ subject })' })
  }
  await expect(world.accounts.add(given)).rejects.toThrow('subject')
})

test('a question to an authenticator is nobody else’s, when the other identity changes hands in one browser', async () => {
  let id = '17'
  const world = makeWorld({ subject: () => ({ id, roles: ['admin'], authenticatedAt: world.now() }) })
  const browser = world.visitor()
  const contract = { allow: 'anyone' }
  const begun = await browser.visit((s) => world.accounts.startPasskey(s), { contract })
  const response = makeAuthenticator({ origin: ORIGIN }).create(begun.ok ? begun.options : {})
  id = '18'
  const finish = () => browser.visit((s) => world.accounts.finishPasskey(s, { response }), { contract })
  expect(await finish()).toMatchObject({ ok: false, reason: 'expired' })
  id = '17'
  expect(await finish()).toMatchObject({ ok: true })
})

test('an id that no passkey can hold is a mistake that says so', async () => {
  const world = makeWorld({ subject: () => ({ id: 'x'.repeat(65), roles: ['admin'], authenticatedAt: world.now() }) })
  const browser = world.visitor()
  const contract = { allow: 'anyone' }
  const begun = browser.visit((s) => world.accounts.startPasskey(s), { contract })
  await expect(begun).rejects.toThrow('longer than 64 bytes')
})
