import { type Html, hashPassword } from 'bulwark'
import { type Accounts, type AccountsOptions, createAccounts, type Refusal } from 'bulwark/accounts'
import type { Request, Response } from 'express'
import { exactText } from '../shared/fields.ts'
import { samplePeople } from '../shared/seed.ts'
import type { Memory } from './memory.ts'

/** People, with everything that happens to an account. The pages are the blog's own. */
export function openAccounts(
  { accounts, store }: Memory,
  more: Pick<AccountsOptions, 'origins' | 'mail' | 'keys'>,
): Accounts {
  return createAccounts({
    accounts,
    store,
    app: 'blog',
    title: 'The Long Way Home',
    roles: ['author'],
    pages: { verifyEmail: '/verify-email', reset: '/reset', confirmEmail: '/confirm-email' },
    ...more,
  })
}

/** The sample people can sign in. Of two processes that start together, one adds each. */
export async function addSamples({ accounts }: Memory): Promise<void> {
  const missing: (typeof samplePeople)[number][] = []
  for (const person of samplePeople) if (!(await accounts.get(person.id))) missing.push(person)
  await Promise.all(
    missing.map(async ({ id, email, password, role, displayName }) =>
      accounts.create({
        id,
        email,
        emailVerified: true,
        passwordHash: await sampleHashOf(password),
        name: displayName,
        roles: [role],
        recoveryCodes: [],
        passkeys: [],
        attributes: {},
        created: Date.now(),
      }),
    ),
  )
}

const sampleHashes = new Map<string, Promise<string>>()

/** Their passwords are known anyway, so each is hashed once in a process, however many blogs it starts. */
function sampleHashOf(password: string): Promise<string> {
  const known = sampleHashes.get(password)
  if (known !== undefined) return known
  const hash = hashPassword(password)
  sampleHashes.set(password, hash)
  hash.catch(() => sampleHashes.delete(password))
  return hash
}

/** The password that sensitive steps ask for when the sign-in was a while ago; nothing when the field was left empty. */
export function typedPassword(req: Request): { readonly password?: string } {
  const password = exactText(req.body, 'password')
  return password ? { password } : {}
}

/** Sends a page that says why a step was not taken. */
export function refuse(res: Response, { status, retryAfter }: Refusal, page: Html): void {
  if (retryAfter !== undefined) res.set('Retry-After', `${retryAfter}`)
  res.status(status).send(`${page}`)
}
