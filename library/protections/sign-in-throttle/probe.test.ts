import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import type { Victim } from '../../core/victim.ts'
import { findCookie } from '../../toolbox/cookies.ts'
import { probes } from './probe.ts'

/** A sign-in that leads back to its page, which says once what was wrong. */
const flashing =
  (why: (isKnown: boolean) => string): Victim =>
  (app) => {
    const notes = new Map<string, string>()
    app.get('/in', (req, res) => {
      const id = findCookie(String(req.headers['cookie']), 'flash') ?? ''
      res.send(`<form method="post">${notes.get(id) ?? ''}</form>`)
    })
    app.post(
      '/in',
      (req, res) => {
        if (req.body['user'] === 'ann' && req.body['password'] === 'right') return res.redirect('/')
        const id = randomUUID()
        notes.set(id, why(req.body['user'] === 'ann'))
        return res.set('Set-Cookie', `flash=${id}; Path=/`).redirect('/in')
      },
      { body: { type: 'form', fields: { user: 'ann', password: 'right' } }, signIn: true },
    )
  }

test('a refusal that leads back to the form is read there', async () => {
  const byAnswer = probes.filter(({ name }) => name === 'sign-in-throttle/user-enumeration')
  const telling = flashing((isKnown) => (isKnown ? 'Wrong password' : 'No such user'))
  expect(await attacked(telling, byAnswer)).toEqual(['sign-in-throttle/user-enumeration POST /in'])
  expect(
    await attacked(
      flashing(() => 'Wrong name or password'),
      byAnswer,
    ),
  ).toEqual([])
})
