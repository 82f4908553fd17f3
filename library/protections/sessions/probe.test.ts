import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { frameworks } from '../../../laws/frameworks.ts'
import { probe } from '../../../prober/index.ts'
import { bitsOf, ENOUGH_BITS } from './entropy.ts'
import { exitIn } from './exit.ts'
import { probes } from './probe.ts'
import { isStatement } from './statement.ts'

const many = (make: (i: number) => string, count = 100): string[] => Array.from({ length: count }, (_, i) => make(i))

for (const [what, ids] of [
  ['32 random bytes', many(() => randomBytes(32).toString('base64url'))],
  ['16 random bytes in hexadecimal', many(() => randomBytes(16).toString('hex'))],
  ['UUIDs of version 4', many(() => randomUUID())],
  ['a counter with a signature', many((i) => `${i}.${randomBytes(32).toString('base64url')}`)],
  ['eight ids of 32 random bytes', many(() => randomBytes(32).toString('base64url'), 8)],
  ['eight ids of 16 random bytes in hexadecimal', many(() => randomBytes(16).toString('hex'), 8)],
] as const) {
  test(`${what} are enough`, () => {
    expect(bitsOf(ids)).toBeGreaterThanOrEqual(ENOUGH_BITS)
  })
}

for (const [what, ids] of [
  ['a counter', many((i) => String(1000 + i))],
  ['a counter in a long name', many((i) => `session-of-the-club-of-friends-${i}-${'a'.repeat(64)}`)],
  ['a time', many((i) => (Date.UTC(2030, 0, 1) + i * 37).toString(36))],
  ['six random characters', many(() => randomBytes(3).toString('hex'))],
  ['eleven random digits', many(() => String(randomBytes(6).readUIntBE(0, 6)).slice(0, 11))],
  ['one id again and again', many(() => 'A'.repeat(43))],
  ['nothing', []],
] as const) {
  test(`${what} is not enough`, () => {
    expect(bitsOf(ids)).toBeLessThan(ENOUGH_BITS)
  })
}

test('the way out is found in a page: a form with its hidden fields, or a link', () => {
  const form = `<form action="/search"><input name="q"></form>
    <FORM method='post' action=/account/log-out><input type="hidden" name="_csrf" value="a&amp;b"><button>Bye</button></form>
    <form><input name="other"></form>`
  expect(exitIn(form)).toEqual({
    method: 'POST',
    path: '/account/log-out',
    body: { type: 'form', fields: { _csrf: 'a&b' } },
  })
  expect(exitIn('<a class="x" href="/logout?now=1">Bye</a>')).toEqual({ method: 'GET', path: '/logout?now=1' })
})

test('other sites, other forms and words about signing out are no way out', () => {
  for (const page of [
    '<a href="https://other.example/logout">Bye</a>',
    '<a href="//other.example/logout">Bye</a>',
    '<form action="/sign-in" data-action="/sign-out">',
    '<p>/sign-out</p>',
    '<a href="/logoutside">Bye</a>',
    '',
  ]) {
    expect(exitIn(page)).toBeUndefined()
  }
})

for (const [value, says] of [
  [Buffer.from('{"user":"ada","_expire":17}').toString('base64'), true],
  [`${Buffer.from('{"user":"ada"}').toString('base64url')}.${randomBytes(20).toString('base64url')}`, true],
  ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', true],
  ['j%3A%7B%22user%22%3A1%7D', true],
  ['%7B%22user%22%3A1%7D', true],
  [`s%3A${randomBytes(24).toString('base64url')}.${randomBytes(32).toString('base64')}`, false],
  ['1001', false],
  ['%', false],
] as const) {
  test(`${value.slice(0, 20)} is ${says ? 'a statement' : 'an id'}`, () => expect(isStatement(value)).toBe(says))
}

/** An app whose cookie is all that it knows of a visitor: signed, in a cookie of its own, and the same again for the same person. */
test('a signed statement is neither guessed nor left unrotated', async () => {
  let count = 0
  const running = await frameworks['node:http']!((app) => {
    const sign = (value: string): string => createHmac('sha256', 'k7'.repeat(20)).update(value).digest('base64url')
    const isIn = (cookie: unknown): boolean => {
      const [, value = '', signature] = /state=([^;]+); state\.sig=([^;]+)/.exec(String(cookie)) ?? []
      return value !== '' && sign(value) === signature
    }
    app.post(
      '/sign-in',
      (req, res) => {
        if (isIn(req.headers['cookie'])) return res.redirect('/')
        const value = Buffer.from(`{"user":"ada","_expire":${1e12 + count++}}`).toString('base64')
        return res.set('Set-Cookie', [`state=${value}; Path=/`, `state.sig=${sign(value)}; Path=/`]).redirect('/')
      },
      { body: { type: 'form', fields: { name: 'ada', password: 'right' } }, signIn: true },
    )
    app.get('/', (req, res) => res.send(isIn(req.headers['cookie']) ? 'Good evening ada' : 'Nobody here'), {
      html: true,
    })
  }, undefined)
  const { results } = await probe({ url: running.origin, routes: [...running.routes], crawl: false, probes })
  await running.close()
  expect(results.filter(({ verdict }) => verdict === 'proven').map((result) => result.probe)).toEqual([])
  expect(count).toBeGreaterThan(0)
})
