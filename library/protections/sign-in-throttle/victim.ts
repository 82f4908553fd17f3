import { setTimeout as sleep } from 'node:timers/promises'
import type { VictimApp, VictimRequest, VictimResponse } from '../../core/victim.ts'

const REGISTRATION = { type: 'form', fields: { email: 'eve@example.org', password: 'Correct-horse-7' } } as const
const SIGN_IN = { type: 'form', fields: { email: 'ann@example.org', password: 'Correct-horse-7' } } as const
const RESET = { type: 'form', fields: { email: 'ann@example.org' } } as const
/** What a good password hash takes. */
const HASHING_MS = 15
const TRIES = 6

/** A club that tells who is a member, lets anybody guess, and locks the board's accounts for whoever comes first. */
export function victim(app: VictimApp): void {
  const members = new Map([['ann@example.org', 'Correct-horse-7']])
  const failures = new Map<string, number>()

  app.post(
    '/register',
    (req, res) => {
      const { email, password } = textsOf(req)
      if (members.has(email)) return void res.status(422).send('That address is registered already.') // spots: sign-in-throttle/tells-who-exists
      members.set(email, password)
      return res.send('Look into your mail.')
    },
    { body: REGISTRATION },
  )

  app.post(
    '/forgot-password',
    (req, res) => {
      const { email } = textsOf(req)
      if (!members.has(email)) return void res.status(404).send('No account has that address.') // spots: sign-in-throttle/tells-who-exists
      return res.send('If there is such an account, a link is on its way.')
    },
    { body: RESET },
  )

  app.post(
    '/sign-in', // spots: sign-in-throttle/unlimited-sign-in
    async (req, res) => {
      const { email, password } = textsOf(req)
      const stored = members.get(email)
      if (stored === undefined) return void res.status(401).send('There is no such user.') // spots: sign-in-throttle/tells-who-exists
      await sleep(HASHING_MS)
      if (stored !== password) return void res.status(401).send('That password is wrong.')
      return welcome(res)
    },
    { body: SIGN_IN, signIn: true },
  )

  // Whoever knows an address can lock its owner out, until somebody starts the program anew.
  app.post(
    '/board/sign-in',
    async (req, res) => {
      const { email, password } = textsOf(req)
      const failed = failures.get(email) ?? 0
      if (failed >= TRIES) return void res.status(423).send('This account is locked.') // spots: sign-in-throttle/locks-accounts
      await sleep(HASHING_MS)
      if (members.get(email) === password) return welcome(res)
      failures.set(email, failed + 1)
      return sorry(res)
    },
    { body: SIGN_IN, signIn: true },
  )
}

/** The same club, asking before each password. */
export function fixed(app: VictimApp): void {
  const members = new Map([['ann@example.org', 'Correct-horse-7']])

  app.post(
    '/register',
    (req, res) => {
      const { email, password } = textsOf(req)
      if (!members.has(email)) members.set(email, password)
      // Whoever owns the address is told the rest there.
      res.send('Look into your mail.')
    },
    { body: REGISTRATION },
  )
  app.post('/forgot-password', (_req, res) => res.send('If there is such an account, a link is on its way.'), {
    body: RESET,
  })
  for (const path of ['/sign-in', '/board/sign-in']) {
    app.post(
      path,
      async (req, res) => {
        const { security } = req
        if (security === undefined) throw new Error('this club is not open without Bulwark')
        const { email, password } = textsOf(req)
        const ok = await security.trySignIn(email, async () => {
          await sleep(HASHING_MS)
          return members.get(email) === password
        })
        return ok ? welcome(res) : sorry(res)
      },
      { body: SIGN_IN, signIn: true },
    )
  }
}

function textsOf({ body }: VictimRequest): { email: string; password: string } {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return { email: text(body['email']), password: text(body['password']) }
}

function welcome(res: VictimResponse): void {
  res.set('Set-Cookie', 'member=1; HttpOnly; SameSite=Lax').redirect('/')
}

function sorry(res: VictimResponse): void {
  res.status(401).send('The address or the password is wrong.')
}
