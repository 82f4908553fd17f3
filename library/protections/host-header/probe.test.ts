import { expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import type { Victim } from '../../core/victim.ts'
import { probes } from './probe.ts'

const forgot =
  (link: (host: unknown) => string): Victim =>
  (app) =>
    app.post('/forgot', (req, res) => res.send(`Your link: ${link(req.headers['host'])}/reset/4711`), {
      body: { type: 'form', fields: { email: 'ann@example.org' } },
    })

test('a form that shows the link at once needs no other page to be read', async () => {
  expect(
    await attacked(
      forgot((host) => `http://${host}`),
      probes,
    ),
  ).toEqual(['host-header/poisoned-link POST /forgot'])
  expect(
    await attacked(
      forgot(() => 'http://app.example'),
      probes,
    ),
  ).toEqual([])
})
