import type { Account } from '../store.ts'

/** An account as the app may show it: without hashes and secrets, so that a careless `res.json(profile)` gives none of them away. */
export interface Profile {
  readonly id: string
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly name: string | undefined
  readonly roles: readonly string[]
  readonly attributes: Readonly<Record<string, unknown>>
  readonly hasPassword: boolean
  /** Whether signing in with the password asks for a code as well. */
  readonly hasTotp: boolean
  readonly recoveryCodesLeft: number
  readonly passkeys: readonly PasskeyListing[]
  /** Milliseconds since the epoch. */
  readonly created: number
}

export interface PasskeyListing {
  readonly id: string
  readonly name: string
  /** Whether the provider of the authenticator keeps a copy. */
  readonly backedUp: boolean
  /** Milliseconds since the epoch. */
  readonly created: number
  /** Milliseconds since the epoch; `undefined` until it is first used. */
  readonly lastUsed: number | undefined
}

export function toProfile(account: Account): Profile {
  return {
    id: account.id,
    email: account.email,
    emailVerified: account.emailVerified,
    name: account.name,
    roles: account.roles,
    attributes: account.attributes,
    hasPassword: account.passwordHash !== undefined,
    hasTotp: account.totp !== undefined,
    recoveryCodesLeft: account.recoveryCodes.length,
    passkeys: account.passkeys.map(({ id, name, backedUp, created, lastUsed }) => {
      return { id, name, backedUp, created, lastUsed }
    }),
    created: account.created,
  }
}
