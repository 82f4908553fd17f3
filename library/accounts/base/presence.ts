import type { Security } from '../../core/security.ts'
import type { SessionUser } from '../../protections/sessions/data.ts'
import { emailKey } from '../email.ts'
import type { Account, NewAccount } from '../store.ts'
import { stampOf } from './change.ts'
import { within } from './limits.ts'
import type { Facts, Subject } from './options.ts'
import { need } from './protections.ts'
import { type Refusal, refuse } from './results.ts'

/** How somebody proved who it is. */
export type Proof = 'password' | 'totp' | 'recovery-code' | 'passkey' | 'link'

declare module '../../protections/sessions/data.ts' {
  interface SessionUser {
    /** When and how the person signed in or last confirmed; `at` in milliseconds since the epoch. */
    readonly authenticated?: { readonly at: number; readonly by: readonly Proof[] }
  }
  interface SessionData {
    /** What was begun in this browser, and must be finished in it. */
    bulwarkAccounts: Begun
  }
}

/** Tokens that never leave the server: a page that was stolen, or opened elsewhere, has nothing to finish with. */
export interface Begun {
  readonly registration?: string | undefined
  readonly secondFactor?: string | undefined
  readonly passkey?: string | undefined
}

/** The person behind a request, with the account that its factors are kept in. */
export interface Present {
  readonly account: Account
  /** Where notices go. */
  readonly email: string | undefined
  /** When the person last proved who it is. */
  readonly at: number
  readonly by: readonly Proof[]
}

/** Who is there; `undefined` for a guest, and for sessions of an account that was closed. */
export async function presentIn(facts: Facts, security: Security): Promise<Present | undefined> {
  if (facts.subject !== undefined) return foreignIn(facts, security)
  const user = await sessionUser(security)
  const account = user && (await facts.accounts.get(user.id))
  if (user === undefined || account === undefined) return undefined
  const { at = Number.NEGATIVE_INFINITY, by = [] } = user.authenticated ?? {}
  return { account, email: account.email, at, by }
}

/** Their identity is kept elsewhere; what we know of them gets a record of its own with their first factor. */
async function foreignIn(facts: Facts, security: Security): Promise<Present | undefined> {
  // What `accessControl.identify` answered: with `subject`, that is the subject itself.
  const subject = security.person as Subject | undefined
  if (subject === undefined) return undefined
  const fresh: NewAccount = {
    id: subject.id,
    emailVerified: false,
    roles: [],
    recoveryCodes: [],
    passkeys: [],
    attributes: {},
    created: facts.now(),
  }
  const account =
    (await facts.accounts.get(subject.id)) ??
    (await facts.accounts.create(fresh)) ??
    (await facts.accounts.get(subject.id))
  if (account === undefined) return undefined
  return { account, email: subject.email, at: subject.authenticatedAt ?? Number.NEGATIVE_INFINITY, by: [] }
}

/**
 * Signs the account in, with a new session id, unless it was closed or got another password since it was read: whoever ends all sessions after
 * such a change would not have ended this one.
 */
export async function enter(
  facts: Facts,
  security: Security,
  account: Account,
  by: readonly Proof[],
): Promise<Account | undefined> {
  if (facts.subject !== undefined) return account
  await setBegun(security, undefined)
  await security.session.signIn({ id: account.id, authenticated: { at: facts.now(), by } })
  const now = await facts.accounts.get(account.id)
  if (now !== undefined && stampOf(now) === stampOf(account)) return now
  await security.session.signOut()
  return undefined
}

/** Ends every session of the account, and begins this browser's anew under another id, with what it held. */
export async function endOtherSessions(facts: Facts, security: Security, id: string): Promise<void> {
  if (facts.subject !== undefined) return
  const { session } = security
  const user = await sessionUser(security)
  if (user?.id !== id) {
    await session.endAll(id)
    return
  }
  const data = await session.get()
  await session.endAll(id)
  await session.signIn({ ...user, authenticated: { at: facts.now(), by: user.authenticated?.by ?? [] } })
  await session.update(() => data)
}

/**
 * Lets a sensitive step pass for whoever has just signed in, or gives the password along.
 * **Security**: a stolen session or a borrowed browser must not change how its owner signs in (CWE-306, ASVS 7.5.1).
 */
export async function confirm(
  facts: Facts,
  security: Security,
  { account, at, by }: Present,
  password: unknown,
): Promise<Refusal<'not-fresh' | 'wrong-password' | 'too-many'> | undefined> {
  if (facts.now() - at < facts.times.fresh && facts.now() >= at) return undefined
  // A form sends its empty field too.
  if (typeof password !== 'string' || password === '' || account.passwordHash === undefined) return refuse('not-fresh')
  const checked = await checkPasswordOf(security, account, password)
  if (checked !== undefined) return checked
  // From here on it is fresh again, and under a new id.
  const isIn = await enter(facts, security, account, [...new Set<Proof>([...by, 'password'])])
  return isIn === undefined ? refuse('not-fresh') : undefined
}

/** Verifies the password of somebody who is known already, within the limits of a sign-in. */
export async function checkPasswordOf(
  security: Security,
  account: Account,
  password: unknown,
): Promise<Refusal<'wrong-password' | 'too-many'> | undefined> {
  const text = typeof password === 'string' ? password : ''
  const name = account.email === undefined ? account.id : emailKey(account.email)
  const checked = await within(security, name, () => security.passwords.verify(account.passwordHash, text))
  if ('reason' in checked) return checked
  return checked.ok ? undefined : refuse('wrong-password')
}

export async function begunIn(security: Security): Promise<Begun> {
  return (await need(security, 'session').get('bulwarkAccounts')) ?? {}
}

/** Adds to what this browser has begun; `undefined` forgets all of it. */
export async function setBegun(security: Security, part: Begun | undefined): Promise<void> {
  const session = need(security, 'session')
  const before = await session.get('bulwarkAccounts')
  if (part === undefined && before === undefined) return
  await session.set('bulwarkAccounts', part && { ...before, ...part })
}

async function sessionUser(security: Security): Promise<SessionUser | undefined> {
  need(security, 'session')
  return security.user()
}
