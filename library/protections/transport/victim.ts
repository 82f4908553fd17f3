import type { ServerOptions } from 'node:https'
import type { VictimApp } from '../../core/victim.ts'

/** A shop that speaks to everybody, however they come. */
export function victim(app: VictimApp): void {
  app.get(
    '/',
    (_req, res) => {
      res.send('<!doctype html><title>Shop</title><script src="http://count.example/visits.js"></script><p>Boots</p>')
    },
    { html: true },
  )
  app.get('/health', (_req, res) => {
    res.set('Strict-Transport-Security', 'max-age=0') // spots: transport/hsts-off
    res.json({ well: true })
  })
  app.post(
    '/sign-in',
    (req, res) => {
      if (req.body.password !== 'Correct-horse-7') return void res.status(401).send('no')
      res.set('Set-Cookie', 'shop=5c3e9a; Path=/; HttpOnly; SameSite=Lax').send('<!doctype html><p>Welcome')
    },
    { body: { type: 'form', fields: { name: 'ann', password: 'Correct-horse-7' } }, signIn: true },
  )
}

/** So that the oldest telephone can still buy. */
export const careless: ServerOptions = {
  minVersion: 'TLSv1',
  ciphers: 'ALL:@SECLEVEL=0', // spots: transport/weak-suites
}

/** What the shop does with an order. */
export async function order(token: string, id: string): Promise<void> {
  // biome-ignore format: the marked line is the one where the call begins
  await fetch(`http://api.parcels.example/orders/${id}`, { headers: { authorization: token } }) // spots: transport/secret-in-the-clear
}
