import {
  createHmac,
  createPublicKey,
  createVerify,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import type { VictimApp, VictimRequest } from '../../core/victim.ts'

export const ISSUER = 'https://id.example'
export const AUDIENCE = 'https://api.example'
const ANN = { name: 'ann', password: 'Correct-horse-7', audience: AUDIENCE }

interface Payload {
  readonly sub: string
  readonly [claim: string]: unknown
}

let pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | undefined

/** One key for all who are served: making one takes longer than everything else here. */
function keyPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  pair ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
  return pair
}

/** What the issuer publishes. */
export function keySet(): { readonly keys: readonly JsonWebKey[] } {
  return { keys: [{ ...keyPair().publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }] }
}

/** An interface whose tokens are checked by hand, each time forgetting something else. */
export function victim(app: VictimApp): void {
  app.get('/.well-known/jwks.json', (_req, res) => res.json(keySet()))
  app.post(
    '/api/tokens',
    (req, res) => {
      const { name, password, audience } = req.body
      if (name !== ANN.name || password !== ANN.password) return void res.status(401).json({ error: 'no' })
      res.json({ token: issue(String(name), String(audience), 3600) })
    },
    { body: { type: 'json', fields: ANN }, signIn: true },
  )
  app.post(
    '/api/short-tokens',
    (req, res) => {
      if (req.body['password'] !== ANN.password) return void res.status(401).json({ error: 'no' })
      res.json({ token: issue(ANN.name, AUDIENCE, 0.8) })
    },
    { body: { type: 'json', fields: { name: ANN.name, password: ANN.password } }, signIn: true },
  )
  app.get('/api/account', (req, res) => {
    const payload = believe(req)
    if (payload === undefined) return void res.status(401).json({ error: 'no' })
    res.json({ hello: payload.sub })
  })
  app.get('/api/preferences', (req, res) => {
    // The signature is somebody else's business.
    const payload = payloadOf(tokenOf(req))
    if (payload === undefined) return void res.status(401).json({ error: 'no' })
    res.json({ for: payload.sub, theme: 'dark' })
  })
}

const WEAK = 'secret'
const STRONG = 'b0uD9qTz4xWm7KfLr2Vn8sYc1HjPe6Ga'

/** Tokens under a secret that stands in every list. */
export function guessable(app: VictimApp): void {
  withSecret(app, WEAK)
}

/** The same under one that nobody guesses. */
export function unguessable(app: VictimApp): void {
  withSecret(app, STRONG)
}

function withSecret(app: VictimApp, secret: string): void {
  app.post(
    '/api/tokens',
    (req, res) => {
      const { name, password } = req.body
      if (name !== ANN.name || password !== ANN.password) return void res.status(401).json({ error: 'no' })
      const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: name, exp: Date.now() / 1000 + 3600 })}`
      res.json({ token: `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}` })
    },
    { body: { type: 'json', fields: { name: ANN.name, password: ANN.password } }, signIn: true },
  )
  app.get('/api/account', (req, res) => {
    const token = tokenOf(req)
    const [head = '', body = '', signature] = token.split('.')
    if (signature !== createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url')) {
      return void res.status(401).json({ error: 'no' })
    }
    res.json({ hello: payloadOf(token)?.sub })
  })
}

function issue(sub: string, aud: string, seconds: number): string {
  const iat = Date.now() / 1000
  // Whoever names no audience gets a token for everybody.
  const claims = { iss: ISSUER, sub, ...(aud !== '' && { aud }), iat, exp: iat + seconds }
  const text = `${part({ alg: 'RS256', typ: 'JWT', kid: 'k1' })}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), keyPair().privateKey).toString('base64url')}`
}

/** Lets the token say how it is to be checked, and looks neither at the time nor at whom it is for. */
function believe(req: VictimRequest): Payload | undefined {
  const token = tokenOf(req)
  const payload = payloadOf(token)
  const [head = '', body = '', signature = ''] = token.split('.')
  const header = read(head) as { alg?: string; jwk?: JsonWebKey } | undefined
  if (payload === undefined || header === undefined) return undefined
  if (header.alg === 'none') return payload
  const own = keyPair().publicKey
  if (header.alg === 'HS256') {
    const secret = own.export({ type: 'spki', format: 'pem' })
    return createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url') === signature
      ? payload
      : undefined
  }
  const key = header.jwk === undefined ? own : createPublicKey({ key: header.jwk, format: 'jwk' })
  const verifier = createVerify('sha256').update(`${head}.${body}`)
  return header.alg === 'RS256' && verifier.verify(key, signature, 'base64url') ? payload : undefined
}

function tokenOf(req: VictimRequest): string {
  return String(req.headers['authorization'] ?? '').replace(/^bearer /i, '')
}

function payloadOf(token: string): Payload | undefined {
  const payload = read(token.split('.')[1] ?? '') as Partial<Payload> | undefined
  return typeof payload?.sub === 'string' ? (payload as Payload) : undefined
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function read(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    // What cannot be read says nothing.
    return undefined
  }
}
