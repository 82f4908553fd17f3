import { createHmac, timingSafeEqual } from 'node:crypto'
import type { VictimApp, VictimRequest } from '../../core/victim.ts'

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

/** A shop that knows who told it, and not that it was told before. */
export function forgetful(app: VictimApp): void {
  const paid: string[] = []

  app.get('/orders', (_req, res) => res.json(paid))
  app.post(
    '/webhooks/billing',
    (req, res) => {
      if (!isGenuine(req)) return void res.status(401).json({ error: 'no' })
      paid.push(String(req.body['order']))
      res.status(202).json({ taken: true })
    },
    {
      body: { type: 'json', fields: ORDER },
      headers: signed(),
      readBack: '/orders',
      contract: { webhook: 'billing' },
    },
  )
}

function isGenuine({ headers, body }: VictimRequest): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = headers
  if (Math.abs(Date.now() / 1000 - Number(time)) > 300) return false
  const right = createHmac('sha256', Buffer.from(SECRET.slice(6), 'base64'))
    .update(`${id}.${time}.${JSON.stringify(body)}`)
    .digest()
  const given = Buffer.from(String(signature).replace('v1,', ''), 'base64')
  return given.length === right.length && timingSafeEqual(given, right)
}
