import type { Security } from '../../core/security.ts'
import { change, stampOf } from '../base/change.ts'
import { countRequest, mayWriteTo } from '../base/limits.ts'
import type { Facts } from '../base/options.ts'
import { needOwnIdentity } from '../base/own.ts'
import { confirm, presentIn } from '../base/presence.ts'
import { type Profile, toProfile } from '../base/profile.ts'
import { need, tell } from '../base/protections.ts'
import { DONE, type Done, isRefusal, type Refusal, refuse } from '../base/results.ts'
import { emailKey, parseEmail } from '../email.ts'

export interface EmailChangeFlows {
  /**
   * Asks for another e-mail address: a link goes to the new one, a notice to the old one. Nothing changes before the link is used.
   * **Security**: needs a fresh session or the password. The answer is the same when the address is somebody else's, who is told by mail.
   */
  requestEmailChange(
    security: Security,
    step: { readonly email: string; readonly password?: string | undefined },
  ): Promise<Done | Refusal<'signed-out' | 'not-fresh' | 'wrong-password' | 'email' | 'too-many'>>
  /**
   * Changes the address by the link, for whoever is signed in to the same account: a stranger to whose mailbox a mistyped address belongs
   * cannot take the account over.
   */
  confirmEmailChange(
    security: Security,
    step: { readonly token: string },
  ): Promise<{ readonly ok: true; readonly profile: Profile } | Refusal<'link' | 'signed-out' | 'taken'>>
}

interface EmailToken {
  readonly id: string
  readonly email: string
  /** The key of the address that it replaces: a second link is worth nothing once one was used. */
  readonly from: string
  readonly stamp: string
}

export function emailChange(facts: Facts): EmailChangeFlows {
  const { accounts, tokens, post, times } = facts

  return {
    async requestEmailChange(security, given) {
      needOwnIdentity(facts, 'requestEmailChange')
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      const email = parseEmail(given.email)
      if (email === undefined) return refuse('email')
      const refused = (await confirm(facts, security, present, given.password)) ?? (await countRequest(facts, security))
      if (refused) return refused
      const { account } = present
      post.notice(security, 'email-change-requested', account.email)
      post.later(security, async () => {
        if (!(await mayWriteTo(facts, security, email))) return
        const owner = await accounts.getByEmail(email)
        if (owner?.email !== undefined && owner.id !== account.id) return post.send('already-registered', owner.email)
        const payload: EmailToken = { id: account.id, email, from: keyOf(account.email), stamp: stampOf(account) }
        const link = facts.linkTo('confirmEmail', await tokens.issue('email', payload, times.confirmEmail, account.id))
        await post.send('change-email', email, { link, minutes: times.confirmEmail / 60_000 })
      })
      return DONE
    },

    async confirmEmailChange(security, { token }) {
      needOwnIdentity(facts, 'confirmEmailChange')
      const payload = await tokens.look<EmailToken>('email', token)
      if (payload === undefined) return refuse('link')
      const present = await presentIn(facts, security)
      if (present?.account.id !== payload.id) return refuse('signed-out')
      if (!(await tokens.use('email', token))) return refuse('link')
      const changed = await change(accounts, payload.id, (account) => {
        if (keyOf(account.email) !== payload.from || stampOf(account) !== payload.stamp) return refuse('link')
        return { ...account, email: payload.email, emailVerified: true }
      })
      if (changed === undefined) return refuse('link')
      if (changed === 'taken') return refuse('taken')
      if (isRefusal(changed)) return changed
      // Links that lie in the old mailbox must not lead back into the account.
      await tokens.revokeAll(changed.id)
      await need(security, 'session').rotate()
      tell(security, 'the e-mail address of an account was changed')
      post.notice(security, 'email-changed', present.account.email)
      return { ok: true, profile: toProfile(changed) }
    },
  }
}

function keyOf(email: string | undefined): string {
  return email === undefined ? '' : emailKey(email)
}
