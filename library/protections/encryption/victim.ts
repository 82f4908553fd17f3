import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import type { VictimApp, VictimRequest } from '../../core/victim.ts'
import type {} from './guard.ts'

const INVOICES = new Map([
  ['1', 'Ada: 12 hours of advice'],
  ['2', 'Grace: 40 hours of advice'],
])
const TOKENS = randomBytes(32)
const LINKS = randomBytes(32)

/** An office that signs when a link ends, but not where it leads, and hides who is invited without noticing when that is changed. */
export function victim(app: VictimApp): void {
  app.get(
    '/',
    (_req, res) => {
      const ends = String(Date.now() + 3_600_000)
      const link = `/invoice?number=1&ends=${ends}&signature=${sign(ends)}`
      res.send(page([link, `/join?ticket=${encrypt('guest Ada Lovelace, table nine')}`]))
    },
    { html: true },
  )
  app.get('/invoice', (req, res) => {
    const { number, ends = '', signature } = req.query
    if (signature !== sign(ends) || Number(ends) < Date.now()) return res.status(403).send('This link is not good.')
    return res.send(`<!doctype html><p>${INVOICES.get(String(number)) ?? 'There is no such invoice.'}</p>`)
  })
  app.get('/join', (req, res) => {
    try {
      return res.send(`<!doctype html><p>Welcome, ${plain(decrypt(String(req.query['ticket'])))}.</p>`)
    } catch {
      return res.status(403).send('This ticket is not good.')
    }
  })
}

/** The same office with the protection. */
export function fixed(app: VictimApp): void {
  app.get(
    '/',
    (req, res) => {
      const { links, box } = encryptionOf(req)
      const link = links('invoices').sign('/invoice?number=1', { ttl: '1h' })
      const ticket = box('tickets').seal('guest Ada Lovelace, table nine')
      res.send(page([link, `/join?ticket=${ticket}`]))
    },
    { html: true },
  )
  app.get(
    '/invoice',
    (req, res) => {
      res.send(`<!doctype html><p>${INVOICES.get(String(req.query['number'])) ?? 'There is no such invoice.'}</p>`)
    },
    { contract: { signedLink: 'invoices' } },
  )
  app.get('/join', (req, res) => {
    const name = encryptionOf(req).box('tickets').open(req.query['ticket'])
    if (name === undefined) return res.status(403).send('This ticket is not good.')
    return res.send(`<!doctype html><p>Welcome, ${plain(name)}.</p>`)
  })
}

function encryptionOf({ security }: VictimRequest): NonNullable<VictimRequest['security']>['encryption'] {
  if (security === undefined) throw new Error('This app is made for a policy.')
  return security.encryption
}

function sign(ends: string): string {
  return createHmac('sha256', LINKS).update(ends).digest('hex')
}

function encrypt(text: string): string {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', TOKENS, iv) // spots: encryption/no-authentication
  return Buffer.concat([iv, cipher.update(text), cipher.final()]).toString('hex')
}

function decrypt(ticket: string): string {
  const bytes = Buffer.from(ticket, 'hex')
  const decipher = createDecipheriv('aes-256-cbc', TOKENS, bytes.subarray(0, 16))
  return Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString('latin1')
}

function plain(text: string): string {
  return text.replace(/[^\w ,.]/g, '?')
}

function page(links: readonly string[]): string {
  const list = links.map((link) => `<li><a href="${link.replaceAll('&', '&amp;')}">link</a></li>`).join('')
  return `<!doctype html><title>Office</title><ul>${list}</ul>`
}

/** What else people write. No route leads here: rules only read it. */
export function otherWays(value: string, key: Buffer): readonly unknown[] {
  const secret = 'our very own encryption key 32b!'
  return [
    createCipheriv('aes-256-gcm', secret, randomBytes(12)), // spots: encryption/key-in-source
    createCipheriv('aes-256-gcm', Buffer.from('00112233445566778899aabbccddeeff', 'hex'), randomBytes(12)), // spots: encryption/key-in-source
    createCipheriv('aes-256-gcm', createHash('sha256').update('office').digest(), randomBytes(12)), // spots: encryption/key-in-source
    createHmac('sha256', 'the key of our webhooks').update(value), // spots: encryption/key-in-source
    createCipheriv('aes-256-ecb', key, null), // spots: encryption/ecb-mode
    createCipheriv('des-ede3-cbc', key, randomBytes(8)), // spots: encryption/broken-cipher
    createCipheriv('aes-256-gcm', key, Buffer.alloc(12)), // spots: encryption/static-iv
    createCipheriv('aes-256-gcm', key, 'abcdefghijkl'), // spots: encryption/static-iv
    createCipheriv('aes-256-gcm', key, randomBytes(12)),
  ]
}
