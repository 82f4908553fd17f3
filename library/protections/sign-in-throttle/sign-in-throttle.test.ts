import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { frameworks, type Running } from '../../../laws/frameworks.ts'
import { prove } from '../../../laws/prove.ts'
import { probe as attack } from '../../../prober/index.ts'
import { scanText } from '../../../scanner/index.ts'
import type { Answer, Ask, Route, Target } from '../../core/probe.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { fixed, victim } from './victim.ts'

prove('sign-in-throttle', {
  victim,
  fixed,
  offered: true,
  probes,
  rules,
  sources: ['victim.ts', 'fixtures/sign-ins.js', 'fixtures/limited.js'],
})

test('it is the limits that stop the guessing: only observing, it goes on', async () => {
  const app = await frameworks['Express 5']!(fixed, { onEvent: () => {}, signInThrottle: { mode: 'observe' } })
  const guessing = probes.filter(({ risk }) => risk === 'password-guessing' || risk === 'credential-stuffing')
  try {
    const { results } = await attack({ url: app.origin, routes: [...app.routes], crawl: false, probes: guessing })
    expect(results.map(({ verdict }) => verdict)).toEqual(['proven', 'proven'])
  } finally {
    await app.close()
  }
}, 30_000)

describe('the attack by time', () => {
  const fields = { name: 'ada', password: 'right' }
  const signIn = { method: 'POST', path: '/in', signIn: true, body: { type: 'form', fields } } as const
  const register = { method: 'POST', path: '/register', body: { type: 'form', fields } } as const

  /** What it says of a target whose times these are, and how many requests it took. */
  const verdictAt = async (
    msOf: (isKnown: boolean, n: number) => number,
    { routes = [signIn], limit = 99 }: { readonly routes?: readonly Route[]; readonly limit?: number } = {},
  ): Promise<{ verdict: string | undefined; sent: number }> => {
    const accounts = new Map([['ada', 'right']])
    const failed = new Map<string, number>()
    let sent = 0
    let words = 0
    const statusFor = (path: string, name: string, password: string): number => {
      if (path === '/register') accounts.set(name, password)
      if (path === '/register' || accounts.get(name) === password) return 200
      failed.set(name, (failed.get(name) ?? 0) + 1)
      return (failed.get(name) ?? 0) > limit ? 429 : 401
    }
    const target = {
      origin: 'http://127.0.0.1:1',
      routes,
      nonce: () => `word${words++}`,
      openLetter: async () => false,
      send: async (ask: Ask): Promise<Answer> => {
        const { name = '', password = '' } = ask.form ?? {}
        const status = statusFor(ask.path, name, password)
        return {
          ask,
          status,
          headers: {},
          all: () => [],
          text: '',
          ms: msOf(accounts.has(name), sent++),
          isHtml: false,
        }
      },
    } as unknown as Target
    const probe = probes.find(({ name }) => name.endsWith('/user-enumeration-by-time'))
    for await (const { verdict } of probe!.attack(target)) return { verdict, sent }
    return { verdict: undefined, sent }
  }

  test('works where one side is nearly always slower', async () => {
    expect((await verdictAt((isKnown, n) => (isKnown ? 60 : 4) + (n % 9))).verdict).toBe('proven')
    expect((await verdictAt((isKnown, n) => (isKnown ? 4 : 60) + (n % 9))).verdict).toBe('proven')
    // A request that had to wait for something else changes nothing.
    expect((await verdictAt((isKnown, n) => (n % 11 === 3 ? 400 : isKnown ? 60 : 4))).verdict).toBe('proven')
  })

  test('does not where both take the same time, or differ by less than a network blurs', async () => {
    expect((await verdictAt((_, n) => 60 + (n % 3))).verdict).toBe('disproven')
    expect((await verdictAt((isKnown) => (isKnown ? 12 : 4))).verdict).toBe('disproven')
  })

  test('says nothing where the times vary too much, or a limit comes first', async () => {
    expect((await verdictAt((_, n) => 20 + ((n * 37) % 101))).verdict).toBe('inconclusive')
    expect((await verdictAt((isKnown) => (isKnown ? 60 : 4), { limit: 5 })).verdict).toBe('inconclusive')
  })

  test('asks a second account where it can make one, and no more than it has to', async () => {
    const routes = [register, signIn]
    const proven = await verdictAt((isKnown) => (isKnown ? 60 : 4), { routes })
    expect(proven).toEqual({ verdict: 'proven', sent: 2 + 2 * (1 + 16) })
    const disproven = await verdictAt(() => 60, { routes })
    expect(disproven).toEqual({ verdict: 'disproven', sent: 2 + 1 + 16 })
    const noisy = await verdictAt((_, n) => 20 + ((n * 37) % 101), { routes })
    expect(noisy.sent).toBeLessThanOrEqual(2 + 4 * (1 + 16))
  })
})

describe.each(Object.keys(frameworks))('on %s', (framework) => {
  let app: Running
  beforeAll(async () => {
    app = await frameworks[framework]!(fixed, {
      onEvent: () => {},
      keys: ['k3y-0123456789-abcdefghijklmnopqrstuvwxyz'],
    })
  })
  afterAll(() => app.close())

  const post = (password: string) =>
    fetch(`${app.origin}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: app.origin, 'content-type': 'application/x-www-form-urlencoded', connection: 'close' },
      body: new URLSearchParams({ email: 'ann@example.org', password }),
    })

  test('a sign-in sets both cookies, and a refusal is a problem document with Retry-After', async () => {
    const entered = await post('Correct-horse-7')
    expect(entered.headers.getSetCookie().map((line) => line.split('=')[0])).toEqual(['member', '__Host-app-device'])
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await post('wrong')).status))
    expect(statuses.sort()).toEqual([401, 401, 401, 401, 401, 429, 429, 429])
    const refused = await post('Correct-horse-7')
    expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'application/problem+json'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.text()).not.toContain('ann@')
  })
})

const harmless: readonly [string, string][] = [
  [
    'a registration that says that a name is taken',
    "app.post('/register', (req, res) => res.status(422).send('That name is taken already.'))",
  ],
  [
    'a registration that wants an address that is one',
    "app.post('/register', (req, res) => res.status(422).send('That e-mail address is not valid.'))",
  ],
  [
    'a reset that wants an address that is one',
    "app.post('/forgot-password', (req, res) => res.status(422).send('Invalid e-mail address'))",
  ],
  [
    'a reset with one answer',
    "app.post('/forgot', (req, res) => res.send('If there is such an account, a mail is on its way.'))",
  ],
  [
    'an account that its owner closed',
    "app.post('/login', limiter, (req, res) => res.status(403).send('Your account is blocked by an administrator.'))",
  ],
  ['a limited route', "app.post('/login', limiter, (req, res) => res.send(verifyPassword(a, req.body.password)))"],
  ['a route that checks no password', "app.post('/login', (req, res) => res.redirect(provider))"],
  ['one answer for both', "app.post('/login', limiter, (req, res) => res.send('Unknown user or wrong password'))"],
  [
    'what only the log is told',
    "app.post('/login', limiter, (req, res) => { log('No such user'); res.send('The user name or the password is wrong.') })",
  ],
  ['an answer elsewhere', "app.get('/users', (req, res) => res.send('No such user')); const a = 'Wrong password'"],
]
test.each(harmless)('%s is fine', (_, line) => {
  expect(scanText('app.js', `import express from 'express'\nconst app = express()\n${line}`, rules).findings).toEqual(
    [],
  )
})
