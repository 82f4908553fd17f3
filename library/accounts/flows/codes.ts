import type { Security } from '../../core/security.ts'
import type { Rate } from '../../core/store.ts'
import { sha256 } from '../../toolbox/tokens.ts'
import { change, stampOf } from '../base/change.ts'
import type { Facts } from '../base/options.ts'
import { tell } from '../base/protections.ts'
import { isRefusal, type Refusal, refuse } from '../base/results.ts'
import { loadCodes } from '../packages/otpauth.ts'
import type { Account } from '../store.ts'
import { hashRecoveryCode } from './recovery-codes.ts'

/** What a right password leaves behind until the code is there. */
export interface Ticket {
  readonly id: string
  /** Of the password that was right. */
  readonly stamp: string
}

/** Whose code it is. Without a stamp, the password was checked by somebody else. */
export interface CodeOwner {
  readonly id: string
  readonly stamp?: string
  /** Where notices go, if not to the address of the account. */
  readonly email?: string | undefined
}

export type CodeUse = (
  security: Security,
  owner: CodeOwner,
  code: unknown,
) => Promise<
  { readonly ok: true; readonly by: 'totp' | 'recovery-code'; readonly account: Account } | Refusal<'code' | 'too-many'>
>

const DAY = 86_400_000
/** Codes for one account, however often the password was right: at three codes in a million, fifty a day find one in eighteen years. */
const GUESSES: readonly Rate[] = [
  { burst: 10, period: 15 * 60_000 },
  { burst: 50, period: DAY },
]

/** Makes what checks a code and uses it up: one of the authenticator app, or a recovery code. */
export function codeUse(facts: Facts): CodeUse {
  const { accounts, store, post, seal, app } = facts
  const guessKey = (id: string, i: number): string => `account-codes${i}:${app}:${sha256(id)}`

  /**
   * Takes one guess at the codes of an account. Only who knows the password gets here, so this may last: the owner is told, and has recovery codes,
   * which nobody can guess and which are not counted.
   */
  const takeGuess = async (
    security: Security,
    id: string,
    to: string | undefined,
  ): Promise<Refusal<'too-many'> | undefined> => {
    for (const [i, rate] of GUESSES.entries()) {
      const { allowed, retryAfter } = await store.take(guessKey(id, i), rate)
      if (allowed) continue
      await giveBack(id, i)
      tell(security, 'so many codes were wrong that no more are taken for now', {
        outcome: 'denied',
        risk: 'password-guessing',
      })
      const { allowed: isFirst } = await store.take(`account-guessed:${app}:${sha256(id)}`, { burst: 1, period: DAY })
      if (isFirst) post.notice(security, 'codes-guessed', to ?? (await accounts.get(id))?.email)
      return refuse('too-many', { retryAfter: Math.max(1, Math.ceil(retryAfter / 1000)) })
    }
    return undefined
  }

  const giveBack = async (id: string, count: number): Promise<void> => {
    for (const [i, rate] of GUESSES.slice(0, count).entries()) await store.take(guessKey(id, i), rate, -1)
  }

  /** Uses a code up, if it is one: under compare-and-set, so that of two at the same moment one is refused. */
  return async (security, { id, stamp, email }, given) => {
    const code = typeof given === 'string' ? given.slice(0, 100).trim() : ''
    const codes = await loadCodes()
    const by: 'totp' | 'recovery-code' = /^\d{3} ?\d{3}$/.test(code) ? 'totp' : 'recovery-code'
    const tooMany = by === 'totp' ? await takeGuess(security, id, email) : undefined
    if (tooMany) return tooMany
    const used = await change(accounts, id, (account) => {
      if (stamp !== undefined && stampOf(account) !== stamp) return refuse('code')
      if (account.totp === undefined) return refuse('code')
      if (by === 'recovery-code') return withoutRecoveryCode(account, code)
      const secret = seal.open(account.totp.secret, id)
      const step = codes.stepOf(code.replace(' ', ''), secret, facts.now())
      if (step === undefined || step <= account.totp.lastStep) return refuse('code')
      // Sealed anew, so that keys that were retired are needed only until everybody has signed in once.
      return { ...account, totp: { ...account.totp, secret: seal.close(secret, id), lastStep: step } }
    })
    if (used === undefined || used === 'taken' || isRefusal(used)) return refuse('code')
    if (by === 'totp') await giveBack(id, GUESSES.length)
    return { ok: true, by, account: used }
  }
}

function withoutRecoveryCode(account: Account, code: string): Account | Refusal<'code'> {
  const hash = hashRecoveryCode(account.id, code)
  const recoveryCodes = account.recoveryCodes.filter((each) => each !== hash)
  return recoveryCodes.length === account.recoveryCodes.length ? refuse('code') : { ...account, recoveryCodes }
}
