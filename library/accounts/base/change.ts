import { setTimeout as pause } from 'node:timers/promises'
import { BulwarkError } from '../../core/errors.ts'
import { sha256 } from '../../toolbox/tokens.ts'
import type { Account, AccountStore } from '../store.ts'
import type { Refusal, RefusalReason } from './results.ts'

const ATTEMPTS = 100

/**
 * Changes an account in the version that was read, and reads again when somebody else was faster: so no change is lost, and what the function
 * checked still holds when it is written. The function answers the new account, or the refusal to end with.
 *
 * Answers `undefined` when the account is gone, and `'taken'` when its new e-mail address is somebody else's.
 */
export async function change<K extends RefusalReason = never>(
  store: AccountStore,
  id: string,
  make: (account: Account) => Account | Refusal<K> | Promise<Account | Refusal<K>>,
): Promise<Account | Refusal<K> | 'taken' | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const account = await store.get(id)
    if (account === undefined) return undefined
    const next = await make(account)
    if ('ok' in next) return next
    const written = await store.change(next)
    if (written !== 'conflict') return written
    await pause(Math.random() * Math.min(attempt, 20))
  }
  throw new AccountsBusy()
}

/** Changes with every new password. What was begun under the old one is worth nothing any more. */
export function stampOf({ passwordHash }: Pick<Account, 'passwordHash'>): string {
  return sha256(passwordHash ?? '')
}

class AccountsBusy extends BulwarkError {
  readonly status = 503

  constructor() {
    super('BULWARK_STORE_UNAVAILABLE', 'so many processes write to one account that this write found no gap', {
      fix: 'change accounts less often, and keep what is written so often somewhere else',
    })
  }
}
