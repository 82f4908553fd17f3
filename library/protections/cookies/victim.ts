import { createHmac, randomBytes } from 'node:crypto'
import type { VictimApp } from '../../core/victim.ts'
import { findCookie, formatCookie } from '../../toolbox/cookies.ts'
import { cookieSigner } from './signer.ts'

const PEOPLE = new Map([
  ['1', 'Ada'],
  ['2', 'Grace'],
])
const SIGN_IN = { body: { type: 'form', fields: { name: 'Ada' } }, signIn: true } as const

/** A club that takes the visitor's word for who he is, and signs its sessions as the tutorial did. */
export function victim(app: VictimApp): void {
  app.get('/', (req, res) => res.send(page(PEOPLE.get(findCookie(String(req.headers.cookie ?? ''), 'user') ?? ''))), {
    html: true,
  })
  app.post(
    '/sign-in',
    (req, res) => {
      const [id] = [...PEOPLE].find(([, name]) => name === req.body.name) ?? ['1']
      const session = randomBytes(16).toString('base64url')
      const seal = createHmac('sha256', 'keyboard cat').update(session).digest('base64url') // spots: cookies/secret-in-source
      res.set('Set-Cookie', [
        `user=${id}; Path=/`, // spots: cookies/missing-flags
        `connect.sid=s%3A${session}.${seal}; Path=/`, // spots: cookies/missing-flags, cookies/default-name
      ])
      res.send('<!doctype html><p>Welcome.</p>')
    },
    SIGN_IN,
  )
}

/** The same club with sealed cookies. */
export function fixed(app: VictimApp): void {
  const cookies = cookieSigner({ app: 'club', keys: [randomBytes(32).toString('base64url')] })
  app.get(
    '/',
    (req, res) => res.send(page(PEOPLE.get(cookies.open(String(req.headers.cookie ?? ''), 'reader') ?? ''))),
    {
      html: true,
    },
  )
  app.post(
    '/sign-in',
    (req, res) => {
      const [id] = [...PEOPLE].find(([, name]) => name === req.body.name) ?? ['1']
      const seen = formatCookie('seen', 'yes', { path: '/', httpOnly: true, sameSite: 'lax' })
      res.set('Set-Cookie', [cookies.seal('reader', id, { maxAge: 3600 }), seen])
      res.send('<!doctype html><p>Welcome.</p>')
    },
    SIGN_IN,
  )
}

function page(name: string | undefined): string {
  const content = name === undefined ? 'You are a guest.' : `Hello ${name}. <a href="/out">Leave the club</a>`
  return `<!doctype html><title>Club</title><p>${content}</p>`
}
