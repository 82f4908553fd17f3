import type { Security } from '../../core/security.ts'
import { change, stampOf } from '../base/change.ts'
import { countRequest, mayWriteTo } from '../base/limits.ts'
import type { Facts } from '../base/options.ts'
import { needOwnIdentity } from '../base/own.ts'
import { checkPasswordOf, confirm, endOtherSessions, presentIn } from '../base/presence.ts'
import { need, tell } from '../base/protections.ts'
import { DONE, type Done, isRefusal, type Refusal, refuse } from '../base/results.ts'
import { parseEmail } from '../email.ts'
import type { Account } from '../store.ts'

export interface PasswordFlows {
  /**
   * Changes the password, or sets the first one, and ends all sessions but this one, which gets a new id. Open links are worth nothing any more.
   * **Security**: the current password is asked for even in a fresh session (ASVS 6.2.3); the owner is told by mail.
   */
  changePassword(
    security: Security,
    step: { readonly current?: string | undefined; readonly password: string },
  ): Promise<Done | Refusal<'signed-out' | 'wrong-password' | 'not-fresh' | 'password' | 'too-many'>>
  /** Sends a link to the address if it has an account. The answer does not tell, and nothing is looked up before it. */
  requestReset(security: Security, step: { readonly email: string }): Promise<Done | Refusal<'email' | 'too-many'>>
  /**
   * Sets a new password by the link, and ends all sessions. Nobody is signed in by it: a second factor is still asked for.
   * Words that the new password must not be made of are those of the account.
   */
  reset(
    security: Security,
    step: { readonly token: string; readonly password: string },
  ): Promise<Done | Refusal<'link' | 'password'>>
}

/** What a link for a new password stands for. */
interface ResetToken {
  readonly id: string
  /** Of two links, and of a link and a change of the password, only one can be first. */
  readonly stamp: string
}

export function passwords(facts: Facts): PasswordFlows {
  const { accounts, tokens, post, times } = facts

  /** Writes the new hash if the password is still the one that this step began with, and ends what was begun under it. */
  const replace = async (
    security: Security,
    old: Pick<Account, 'id'> & { stamp: string },
    hash: string,
    verified: boolean,
  ) => {
    const next = await change(accounts, old.id, (account) => {
      if (stampOf(account) !== old.stamp) return refuse('link')
      return { ...account, passwordHash: hash, emailVerified: account.emailVerified || verified }
    })
    if (next === undefined || next === 'taken' || isRefusal(next)) return undefined
    await tokens.revokeAll(next.id)
    await endOtherSessions(facts, security, next.id)
    tell(security, 'a password was changed')
    post.notice(security, 'password-changed', next.email)
    return next
  }

  return {
    async changePassword(security, { current, password }) {
      needOwnIdentity(facts, 'changePassword')
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      const { account } = present
      const wrong =
        account.passwordHash === undefined
          ? await confirm(facts, security, present, undefined)
          : await checkPasswordOf(security, account, current)
      if (wrong) return wrong
      const checked = need(security, 'passwords').check(password, { words: wordsOf(account) })
      if (!checked.ok) return refuse('password', { message: checked.message })
      const hash = await security.passwords.hash(password)
      const changed = await replace(security, { id: account.id, stamp: stampOf(account) }, hash, false)
      // Somebody else was faster: then the current password is not the one that was verified any more.
      return changed === undefined ? refuse('wrong-password') : DONE
    },

    async requestReset(security, given) {
      needOwnIdentity(facts, 'requestReset')
      const email = parseEmail(given.email)
      if (email === undefined) return refuse('email')
      const tooMany = await countRequest(facts, security)
      if (tooMany) return tooMany
      post.later(security, async () => {
        if (!(await mayWriteTo(facts, security, email))) return
        const account = await accounts.getByEmail(email)
        // To the stored address and not to the typed one: another mailbox may have the same key (CWE-176).
        if (account?.email === undefined) return
        const payload: ResetToken = { id: account.id, stamp: stampOf(account) }
        const link = facts.linkTo('reset', await tokens.issue('reset', payload, times.reset, account.id))
        await post.send('reset-password', account.email, { link, minutes: times.reset / 60_000 })
      })
      return DONE
    },

    async reset(security, { token, password }) {
      needOwnIdentity(facts, 'reset')
      const payload = await tokens.look<ResetToken>('reset', token)
      const account = payload && (await accounts.get(payload.id))
      if (payload === undefined || account === undefined) return refuse('link')
      const checked = need(security, 'passwords').check(password, { words: wordsOf(account) })
      if (!checked.ok) return refuse('password', { message: checked.message })
      const hash = await security.passwords.hash(password)
      if (!(await tokens.use('reset', token))) return refuse('link')
      return (await replace(security, payload, hash, true)) ? DONE : refuse('link')
    },
  }
}

function wordsOf({ email = '', name = '' }: Account): readonly string[] {
  return [email, name]
}
