import { createHmac } from 'node:crypto'
import type { VictimApp } from '../../core/victim.ts'

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const ORDER = { order: '17' }

/** A shop that sends off whatever it is told has been paid. */
export function victim(app: VictimApp): void {
  const paid: string[] = []

  app.get('/orders', (_req, res) => res.json(paid))
  app.post(
    '/webhooks/billing',
    (req, res) => {
      paid.push(String(req.body['order']))
      res.status(202).json({ taken: true })
    },
    { body: { type: 'json', fields: ORDER }, readBack: '/orders', contract: { webhook: 'billing' } },
  )
}

/** What the sender puts on the delivery of that order. */
export function signed(): Record<string, string> {
  const time = String(Math.floor(Date.now() / 1000))
  const key = Buffer.from(SECRET.slice(6), 'base64')
  const mac = createHmac('sha256', key)
    .update(`msg_1.${time}.${JSON.stringify(ORDER)}`)
    .digest('base64')
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': time, 'webhook-signature': `v1,${mac}` }
}
