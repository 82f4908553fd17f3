import type { Account, AccountStore, NewAccount } from '../../accounts/store.ts'
import type { Expect } from '../store/cases.ts'

/** One promise of the contract. */
export interface AccountCase {
  readonly title: string
  run(store: AccountStore, expect: Expect): Promise<void>
}

/** An account with only what every account has. */
export function plain(id: string, email?: string): NewAccount {
  return {
    id,
    email,
    emailVerified: false,
    roles: [],
    recoveryCodes: [],
    passkeys: [],
    attributes: {},
    created: 1_800_000_000_000,
  }
}

/** Adds an account that must be accepted. */
export async function added(store: AccountStore, account: NewAccount): Promise<Account> {
  const made = await store.create(account)
  if (made === undefined) throw new Error(`${JSON.stringify(account.id)} was not accepted`)
  return made
}

/** Changes an account, reading it again whenever somebody else was faster. */
export async function changed(store: AccountStore, id: string, make: (account: Account) => Account): Promise<Account> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const account = await store.get(id)
    if (account === undefined) throw new Error(`${JSON.stringify(id)} is gone`)
    const answer = await store.change(make(account))
    if (answer === 'taken') throw new Error(`the e-mail address of ${JSON.stringify(id)} is taken`)
    if (answer !== 'conflict') return answer
  }
  throw new Error('there was no gap to write in')
}

/** The `code` of what the function throws; `undefined` when it does not. */
export async function codeOf(run: () => unknown): Promise<unknown> {
  try {
    await run()
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}
