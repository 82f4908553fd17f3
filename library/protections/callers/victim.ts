import { createHash, generateKeyPairSync, type JsonWebKey, type KeyObject, randomUUID, sign, verify } from 'node:crypto'
import type { VictimApp } from '../../core/victim.ts'

/** A program behind a gateway that believes whatever looks as if the gateway had said it. */
export function victim(app: VictimApp): void {
  const messages: string[] = []

  app.get('/account', (req, res) => {
    const user = req.headers['x-forwarded-user'] // spots: callers/believed-header
    if (user === undefined) return void res.status(401).json({ error: 'no' })
    res.json({ hello: user })
  })
  app.get('/messages', (_req, res) => res.json(messages))
  app.post(
    '/internal/messages',
    (req, res) => {
      if (req.headers['x-internal'] === undefined) return void res.status(401).json({ error: 'no' }) // spots: callers/believed-header
      messages.push(String(req.body['text']))
      res.status(201).json({ sent: true })
    },
    {
      body: { type: 'json', fields: { text: 'hello' } },
      readBack: '/messages',
      contract: { caller: 'messages:send' },
    },
  )
}

export const SELF = 'warehouse'
export const CALLER = 'shop'
const ORDER = { order: 'a dozen of the green ones' }

let pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | undefined

function keyPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  pair ??= generateKeyPairSync('ed25519')
  return pair
}

/** What the shop publishes. */
export function keySet(): { readonly keys: readonly JsonWebKey[] } {
  return { keys: [{ ...keyPair().publicKey.export({ format: 'jwk' }), kid: 'shop-1', alg: 'EdDSA', use: 'sig' }] }
}

/** A program that looks at everything in a call but whether it came before. */
export function forgetful(app: VictimApp): void {
  const orders: string[] = []

  app.get('/orders', (_req, res) => res.json(orders))
  app.post(
    '/internal/orders',
    (req, res) => {
      const call = String(req.headers['authorization'] ?? '').replace('Service-Call ', '')
      const [head = '', claims = '', signature = ''] = call.split('.')
      const text = Buffer.from(`${head}.${claims}`)
      if (!verify(null, text, keyPair().publicKey, Buffer.from(signature, 'base64url'))) {
        return void res.status(401).json({ error: 'no' })
      }
      const { htm, htu, exp, digest } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'))
      const isThis = htm === req.method && htu === req.url && digest === digestOf(req.body)
      if (!isThis || exp < Date.now() / 1000) return void res.status(401).json({ error: 'no' })
      orders.push(String(req.body['order']))
      res.status(201).json({ taken: true })
    },
    {
      body: { type: 'json', fields: ORDER },
      headers: { authorization: `Service-Call ${signedCall('/internal/orders')}` },
      readBack: '/orders',
      contract: { caller: 'orders:send' },
    },
  )
}

/** A call as the shop signs it, good for a minute. */
function signedCall(htu: string): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: CALLER, aud: SELF, sub: CALLER, iat, exp: iat + 60, jti: randomUUID() }
  const bound = { ...claims, htm: 'POST', htu, digest: digestOf(ORDER) }
  const parts = [{ alg: 'EdDSA', typ: 'service-call+jwt', kid: 'shop-1' }, bound]
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${sign(null, Buffer.from(text), keyPair().privateKey).toString('base64url')}`
}

function digestOf(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('base64url')
}
