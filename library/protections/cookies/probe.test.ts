import { expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import type { Victim } from '../../core/victim.ts'
import { findCookie } from '../../toolbox/cookies.ts'
import { probes } from './probe.ts'

const tampering = probes.filter(({ risk }) => risk === 'cookie-tampering')
const signIn = { body: { type: 'form', fields: { user: 'ed', pass: 'right' } }, signIn: true } as const

/** A shop that writes what people may do into a cookie. */
const shop =
  (set: string, isAdmin: (cookies: string) => boolean): Victim =>
  (app) => {
    app.post('/login', (_req, res) => res.set('Set-Cookie', set).send('Welcome'), signIn)
    app.get('/admin', (req, res) =>
      isAdmin(String(req.headers['cookie'])) ? res.send('Takings today') : res.status(403).send('Not for you'),
    )
  }

const json = (text: string | undefined): { admin?: boolean } => JSON.parse(decodeURIComponent(text ?? '%7B%7D'))

test.each([
  ['a word', shop('role=user; Path=/', (cookies) => findCookie(cookies, 'role') === 'admin')],
  ['a flag', shop('isAdmin=false; Path=/', (cookies) => findCookie(cookies, 'isAdmin') === 'true')],
  [
    'a word in a document',
    shop(`me=${encodeURIComponent('{"name":"ed","admin":false}')}; Path=/`, (cookies) => {
      try {
        return json(findCookie(cookies, 'me')).admin === true
      } catch {
        return false
      }
    }),
  ],
])('a role that stands in a cookie is written anew: %s', async (_, app) => {
  expect(await attacked(app, tampering)).toEqual(['cookies/unsigned-identity GET /admin'])
})

test('a role that is known to the server is not, nor does a page that opens for everything say anything', async () => {
  expect(
    await attacked(
      shop('role=user; Path=/', () => false),
      tampering,
    ),
  ).toEqual([])
  expect(
    await attacked(
      shop('role=user; Path=/', (cookies) => !cookies.includes('role=user')),
      tampering,
    ),
  ).toEqual([])
})
