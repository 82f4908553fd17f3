import type { Security } from '../../core/security.ts'
import { stampOf } from '../base/change.ts'
import { within } from '../base/limits.ts'
import type { Facts } from '../base/options.ts'
import { needOwnIdentity } from '../base/own.ts'
import { checkPasswordOf, enter, presentIn, setBegun } from '../base/presence.ts'
import { type Profile, toProfile } from '../base/profile.ts'
import { need } from '../base/protections.ts'
import { DONE, type Done, type Refusal, refuse } from '../base/results.ts'
import { emailKey, parseEmail } from '../email.ts'
import type { Ticket } from './codes.ts'
import { storeRehash } from './registration.ts'

export interface SignInFlows {
  /**
   * Signs in with e-mail address and password, under a new session id. `second-factor`: the password was right, and nobody is signed in before
   * `enterCode()` has been given a code in the same browser.
   *
   * **Security**: counted and limited before the password is verified, the same for addresses without an account (CWE-307, CWE-204).
   */
  signIn(
    security: Security,
    credentials: { readonly email: string; readonly password: string },
  ): Promise<{ readonly ok: true; readonly profile: Profile } | Refusal<'wrong' | 'second-factor' | 'too-many'>>
  /** Ends the session of this browser. */
  signOut(security: Security): Promise<void>
  /** Confirms with the password that it is still the same person: for a while, sensitive steps and routes with `fresh` are open again. */
  reauthenticate(
    security: Security,
    step: { readonly password: string },
  ): Promise<Done | Refusal<'signed-out' | 'wrong-password' | 'too-many'>>
}

export function signingIn(facts: Facts): SignInFlows {
  const { accounts, tokens, times } = facts

  return {
    async signIn(security, given) {
      needOwnIdentity(facts, 'signIn')
      const typed = typeof given.email === 'string' ? given.email : ''
      const password = typeof given.password === 'string' ? given.password : ''
      const email = parseEmail(typed)
      let account = email === undefined ? undefined : await accounts.getByEmail(email)
      const name = email === undefined ? typed : emailKey(email)
      const checked = await within(security, name, () =>
        need(security, 'passwords').verify(account?.passwordHash, password),
      )
      if ('reason' in checked) return checked
      if (!checked.ok || account === undefined) return refuse('wrong')
      if (checked.rehash !== undefined) account = await storeRehash(facts, account, checked.rehash)
      if (account.totp !== undefined) {
        const ticket: Ticket = { id: account.id, stamp: stampOf(account) }
        const secondFactor = await tokens.issue('second-factor', ticket, times.secondFactor, account.id)
        await setBegun(security, { secondFactor })
        return refuse('second-factor')
      }
      const present = await enter(facts, security, account, ['password'])
      return present === undefined ? refuse('wrong') : { ok: true, profile: toProfile(present) }
    },

    async signOut(security) {
      needOwnIdentity(facts, 'signOut')
      await need(security, 'session').signOut()
    },

    async reauthenticate(security, { password }) {
      needOwnIdentity(facts, 'reauthenticate')
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      const wrong = await checkPasswordOf(security, present.account, password)
      if (wrong) return wrong
      const { account, by } = present
      return (await enter(facts, security, account, [...new Set([...by, 'password' as const])]))
        ? DONE
        : refuse('signed-out')
    },
  }
}
