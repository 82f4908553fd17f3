import { setTimeout as sleep } from 'node:timers/promises'
import type { VictimApp, VictimRequest, VictimResponse } from '../../core/victim.ts'

const REGISTRATION = { type: 'form', fields: { name: 'ann', password: 'Correct-horse-7' } } as const
/** What a good password hash takes. */
const HASHING_MS = 20
const TRIES = 6

/** A club that tells who is a member, lets anybody guess, and locks the board's accounts for whoever comes first. */
export function victim(app: VictimApp): void {
  const members = new Map([['ann', 'Correct-horse-7']])
  const failures = new Map<string, number>()

  app.post('/register', (req, res) => register(req, res, members), { body: REGISTRATION })

  app.post(
    '/sign-in', // spots: sign-in-throttle/unlimited-sign-in
    async (req, res) => {
      const { name, password } = textsOf(req)
      const stored = members.get(name)
      if (stored === undefined) return void res.status(401).send('There is no such user.') // spots: sign-in-throttle/tells-who-exists
      await sleep(HASHING_MS)
      if (stored !== password) return void res.status(401).send('That password is wrong.')
      return welcome(res)
    },
    { body: REGISTRATION, signIn: true },
  )

  // Whoever knows a name can lock its owner out, until somebody starts the program anew.
  app.post(
    '/board/sign-in',
    async (req, res) => {
      const { name, password } = textsOf(req)
      const failed = failures.get(name) ?? 0
      if (failed >= TRIES) return void res.status(423).send('This account is locked.')
      await sleep(HASHING_MS)
      if (members.get(name) === password) return welcome(res)
      failures.set(name, failed + 1)
      return sorry(res)
    },
    { body: REGISTRATION, signIn: true },
  )
}

/** The same club, asking before each password. */
export function fixed(app: VictimApp): void {
  const members = new Map([['ann', 'Correct-horse-7']])

  app.post('/register', (req, res) => register(req, res, members), { body: REGISTRATION })
  for (const path of ['/sign-in', '/board/sign-in']) {
    app.post(
      path,
      async (req, res) => {
        const { security } = req
        if (security === undefined) throw new Error('this club is not open without Bulwark')
        const { name, password } = textsOf(req)
        const ok = await security.trySignIn(name, async () => {
          await sleep(HASHING_MS)
          return members.get(name) === password
        })
        return ok ? welcome(res) : sorry(res)
      },
      { body: REGISTRATION, signIn: true },
    )
  }
}

function register(req: VictimRequest, res: VictimResponse, members: Map<string, string>): void {
  const { name, password } = textsOf(req)
  if (!members.has(name)) members.set(name, password)
  res.redirect('/')
}

function textsOf({ body }: VictimRequest): { name: string; password: string } {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return { name: text(body['name']), password: text(body['password']) }
}

function welcome(res: VictimResponse): void {
  res.set('Set-Cookie', 'member=1; HttpOnly; SameSite=Lax').redirect('/')
}

function sorry(res: VictimResponse): void {
  res.status(401).send('The name or the password is wrong.')
}
