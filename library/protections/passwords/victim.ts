import { createHash, scryptSync } from 'node:crypto'
import type { VictimApp, VictimRequest, VictimResponse } from '../../core/victim.ts'
import { checkPassword, hashPassword, verifyPassword } from './index.ts'

const REGISTRATION = {
  type: 'form',
  fields: { name: 'ann', email: 'ann@example.org', password: 'Correct-horse-7' },
} as const
const SIGN_IN = { type: 'form', fields: { name: 'ann', password: 'Correct-horse-7' } } as const

interface Person {
  readonly password: string
}

/** A club that takes any password, keeps its first 72 bytes, and hashes them as fast as it can. */
export function victim(app: VictimApp): void {
  const people = new Map<string, Person>()
  /** Kept by an older version, for the support desk. */
  const notes = { create: (note: object) => note }

  app.post(
    '/register',
    (req, res) => {
      const { name, password } = req.body as Record<string, string>
      notes.create({ name, password: req.body.password }) // spots: passwords/plain-stored
      people.set(String(name), { password: digest(String(password)) })
      res.redirect('/')
    },
    { body: REGISTRATION },
  )
  app.post(
    '/sign-in',
    (req, res) => {
      const { name, password } = req.body as Record<string, string>
      if (people.get(String(name))?.password === digest(String(password))) return welcome(res)
      return sorry(res)
    },
    { body: SIGN_IN, signIn: true },
  )
}

function digest(password: string): string {
  return createHash('sha1').update(password.slice(0, 72)).digest('hex') // spots: passwords/fast-hash
}

/** What else people write about passwords. No route leads here: rules only read it. */
export function otherWays(password: string): readonly unknown[] {
  return [
    createHash('md5').update(password).digest('hex'), // spots: passwords/fast-hash
    scryptSync(password, 'salt', 32), // spots: passwords/weak-parameters
    scryptSync(password, 'salt', 32, { N: 131_072, r: 8, p: 1, maxmem: 268_435_456 }),
  ]
}

/** The same club, with the protection. */
export function fixed(app: VictimApp): void {
  const people = new Map<string, string>()

  app.post(
    '/register',
    async (req, res) => {
      const { name, email, password } = textsOf(req)
      if (people.has(name)) return void res.status(422).send('That name is taken.')
      const checked = checkPassword(password, { words: [name, email] })
      if (!checked.ok) return void res.status(422).send(checked.message)
      people.set(name, await hashPassword(password))
      return res.redirect('/')
    },
    { body: REGISTRATION },
  )
  app.post(
    '/sign-in',
    async (req, res) => {
      const { name, password } = textsOf(req)
      const stored = people.get(name)
      const { ok, rehash } = await verifyPassword(stored, password)
      if (!ok) return sorry(res)
      if (rehash !== undefined && people.get(name) === stored) people.set(name, rehash)
      return welcome(res)
    },
    { body: SIGN_IN, signIn: true },
  )
}

function textsOf({ body }: VictimRequest): { name: string; email: string; password: string } {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return { name: text(body.name), email: text(body.email), password: text(body.password) }
}

function welcome(res: VictimResponse): void {
  res.set('Set-Cookie', 'member=1; HttpOnly; SameSite=Lax').redirect('/')
}

function sorry(res: VictimResponse): void {
  res.status(401).send('The name or the password is wrong.')
}
