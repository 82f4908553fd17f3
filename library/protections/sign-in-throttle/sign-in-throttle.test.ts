import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { frameworks, type Running } from '../../../laws/frameworks.ts'
import { prove } from '../../../laws/prove.ts'
import { probe as attack } from '../../../prober/index.ts'
import { scanText } from '../../../scanner/index.ts'
import type { Answer, Ask, Target } from '../../core/probe.ts'
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
  const route = {
    method: 'POST',
    path: '/in',
    signIn: true,
    body: { type: 'form', fields: { name: 'ada', password: 'right' } },
  } as const
  const verdictAt = async (msOf: (isKnown: boolean, n: number) => number): Promise<string | undefined> => {
    let n = 0
    const target = {
      origin: 'http://127.0.0.1:1',
      routes: [route],
      nonce: () => `word${n++}`,
      send: async (ask: Ask): Promise<Answer> => {
        const { name, password } = ask.form ?? {}
        const status = password === 'right' ? 200 : 401
        return { ask, status, headers: {}, all: () => [], text: '', ms: msOf(name === 'ada', n++), isHtml: false }
      },
    } as unknown as Target
    const probe = probes.find(({ name }) => name.endsWith('/user-enumeration'))
    for await (const { verdict } of probe!.attack(target)) return verdict
    return undefined
  }
  test('works where one side is always slower', async () => {
    expect(await verdictAt((isKnown, n) => (isKnown ? 60 : 4) + (n % 9))).toBe('proven')
    expect(await verdictAt((isKnown, n) => (isKnown ? 4 : 60) + (n % 9))).toBe('proven')
  })
  test('does not where both overlap, or differ by less than a network blurs', async () => {
    let sent = 0
    expect(await verdictAt((isKnown) => (isKnown ? 60 : ++sent % 4 === 0 ? 61 : 40))).toBe('disproven')
    expect(await verdictAt((isKnown) => (isKnown ? 12 : 4))).toBe('disproven')
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
      body: new URLSearchParams({ name: 'ann', password }),
    })

  test('a sign-in sets both cookies, and a refusal is a problem document with Retry-After', async () => {
    const entered = await post('Correct-horse-7')
    expect(entered.headers.getSetCookie().map((line) => line.split('=')[0])).toEqual(['member', '__Host-app-device'])
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await post('wrong')).status))
    expect(statuses.sort()).toEqual([401, 401, 401, 401, 401, 429, 429, 429])
    const refused = await post('Correct-horse-7')
    expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'application/problem+json'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.text()).not.toContain('ann')
  })
})

const harmless: readonly [string, string][] = [
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
