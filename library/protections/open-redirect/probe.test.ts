import { expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import type { Victim } from '../../core/victim.ts'
import { probes } from './probe.ts'

const signIn =
  (next: (to: string) => string): Victim =>
  (app) =>
    app.post('/in', (req, res) => res.redirect(next(String(req.query['returnTo'] ?? '/'))), {
      query: { returnTo: '/private' },
      body: { type: 'form', fields: { user: 'ann', pass: 'right' } },
      signIn: true,
    })

test('where to go next is looked for in the address of a form too', async () => {
  expect(
    await attacked(
      signIn((to) => to),
      probes,
    ),
  ).toEqual(['open-redirect/form-field POST /in'])
  expect(
    await attacked(
      signIn((to) => (/^\/[\w-]*$/.test(to) ? to : '/')),
      probes,
    ),
  ).toEqual([])
})
