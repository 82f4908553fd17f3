import { expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import type { Victim } from '../../core/victim.ts'
import { probes } from './probe.ts'

/** Tells of deliveries by what they do, and repeats none of their words. */
const payments =
  (take: (body: Record<string, unknown>, state: { credits: number; refused: number }) => void): Victim =>
  (app) => {
    const state = { credits: 0, refused: 0 }
    app.post(
      '/webhooks/payments',
      (req, res) => {
        take(req.body, state)
        res.send('ok')
      },
      { body: { type: 'json', fields: { id: 'evt_1', type: 'paid', order: '77' } }, readBack: '/orders/77' },
    )
    app.get('/orders/77', (_req, res) => res.json(state))
  }

const forged = probes.filter(({ name }) => name === 'webhooks/forged-delivery')

test('a page that changes with a delivery shows that it was taken', async () => {
  const careless = payments((body, state) => {
    if (body['type'] === 'paid') state.credits++
  })
  expect(await attacked(careless, forged)).toEqual(['webhooks/forged-delivery POST /webhooks/payments'])
})

test('a page that counts what was refused shows nothing of the kind', async () => {
  expect(
    await attacked(
      payments((_body, state) => void state.refused++),
      forged,
    ),
  ).toEqual([])
  expect(
    await attacked(
      payments(() => undefined),
      forged,
    ),
  ).toEqual([])
})
