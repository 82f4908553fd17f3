import type { Awaitable } from '../core/exchange.ts'

/** One person, as one record. What is optional may be missing or `undefined`; both mean the same. */
export interface Account {
  /** 1 to 256 characters, never used again for anybody else. */
  readonly id: string
  /** As the person wrote it; where mail goes. Missing only for people whose identity is kept elsewhere and came without one. */
  readonly email?: string | undefined
  readonly emailVerified: boolean
  /** As `hashPassword()` made it; missing while there is none. */
  readonly passwordHash?: string | undefined
  /** What the person wants to be called. */
  readonly name?: string | undefined
  readonly roles: readonly string[]
  readonly totp?: TotpFactor | undefined
  /** Hashes of the recovery codes that are left. */
  readonly recoveryCodes: readonly string[]
  readonly passkeys: readonly Passkey[]
  /** What the app adds: anything that JSON can hold. */
  readonly attributes: Readonly<Record<string, unknown>>
  /** Milliseconds since the epoch. */
  readonly created: number
  /** From 1, one more with every change. */
  readonly version: number
}

/** An authenticator app that shows a code of six digits (RFC 6238). */
export interface TotpFactor {
  /** The shared secret, sealed with the keys of the policy. */
  readonly secret: string
  /** The time step of the last code that was accepted: no code of this or an earlier step is taken again. */
  readonly lastStep: number
  /** Milliseconds since the epoch. */
  readonly created: number
}

/** A WebAuthn credential. */
export interface Passkey {
  /** The credential id, in base64url. */
  readonly id: string
  /** The COSE public key, in base64url. */
  readonly publicKey: string
  /** The signature counter as last seen; many authenticators keep it at 0. */
  readonly counter: number
  readonly transports: readonly string[]
  /** What its owner calls it. */
  readonly name: string
  /** Whether the provider of the authenticator keeps a copy. */
  readonly backedUp: boolean
  /** Milliseconds since the epoch. */
  readonly created: number
  /** Milliseconds since the epoch; missing until it is first used. */
  readonly lastUsed?: number | undefined
}

export type NewAccount = Omit<Account, 'version'>

/** Accounts in a database. Every verb is atomic, and what it has answered has been written. */
export interface AccountStore {
  readonly name: string
  /**
   * Adds an account with version 1 and answers it, or `undefined` when the id, or the `emailKey()` of the e-mail address, is taken.
   * **Security**: of many at once with one address exactly one succeeds. So the database holds the key unique; looking first is not enough.
   */
  create(account: NewAccount): Awaitable<Account | undefined>
  get(id: string): Awaitable<Account | undefined>
  /** The account whose e-mail address has the same `emailKey()`. */
  getByEmail(email: string): Awaitable<Account | undefined>
  /**
   * Writes all of the account if the stored version is still that of the argument, and answers it with its new version.
   * `'conflict'`: the stored version is another, or there is no such account any more. `'taken'`: the new e-mail address is somebody else's.
   */
  change(account: Account): Awaitable<Account | 'conflict' | 'taken'>
  /** Answers whether there was one. Id and e-mail address are free from then on. */
  remove(id: string): Awaitable<boolean>
  /** The accounts by falling id, which is newest first for ids that `createAccounts()` made. */
  list(page: AccountPage): Awaitable<readonly Account[]>
  close?(): Awaitable<void>
}

export interface AccountPage {
  /** The most that are answered, 1 to 1,000. */
  readonly limit: number
  /** The id of the last account of the page before: only accounts with smaller ids, by code points as the `id` column has them, are answered. */
  readonly after?: string | undefined
  /** Only accounts whose e-mail address or name contains this text, whatever its case. Nothing in it has a meaning of its own. */
  readonly search?: string | undefined
}
