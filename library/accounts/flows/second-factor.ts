import type { Security } from '../../core/security.ts'
import { sha256 } from '../../toolbox/tokens.ts'
import { change } from '../base/change.ts'
import type { Facts } from '../base/options.ts'
import { needOwnIdentity } from '../base/own.ts'
import { begunIn, confirm, enter, type Proof, presentIn } from '../base/presence.ts'
import { type Profile, toProfile } from '../base/profile.ts'
import { need, tell } from '../base/protections.ts'
import { DONE, type Done, isRefusal, type Refusal, refuse } from '../base/results.ts'
import { loadCodes } from '../packages/otpauth.ts'
import { codeUse, type Ticket } from './codes.ts'
import { hashRecoveryCode, newRecoveryCodes } from './recovery-codes.ts'

export interface SecondFactorFlows {
  /**
   * Finishes a sign-in that asked for a second factor, with a code of the authenticator app or a recovery code, in the browser that began it.
   * **Security**: a code is taken once (CWE-294); guesses are limited for each account and each sign-in (CWE-307, ASVS 6.5.1, 6.6.3).
   */
  enterCode(
    security: Security,
    step: { readonly code: string },
  ): Promise<
    | { readonly ok: true; readonly profile: Profile; readonly by: 'totp' | 'recovery-code' }
    | Refusal<'code' | 'expired' | 'too-many'>
  >
  /**
   * Checks a code of somebody whose identity is kept elsewhere, after that identity has checked the password and before it signs in.
   * `missing`: this person has no second factor. `email`: where notices go.
   */
  checkCode(
    security: Security,
    step: { readonly id: string; readonly code: string; readonly email?: string | undefined },
  ): Promise<{ readonly ok: true; readonly by: 'totp' | 'recovery-code' } | Refusal<'code' | 'missing' | 'too-many'>>
  /** Begins to set up an authenticator app: show `uri` as a QR code and `secret` as text, and ask for a code. Needs a fresh session. */
  startTotp(
    security: Security,
    step?: { readonly password?: string | undefined },
  ): Promise<
    | { readonly ok: true; readonly secret: string; readonly uri: string }
    | Refusal<'signed-out' | 'not-fresh' | 'wrong-password' | 'too-many'>
  >
  /** Finishes it with the first code. The recovery codes are shown here and never again. */
  confirmTotp(
    security: Security,
    step: { readonly code: string },
  ): Promise<
    | { readonly ok: true; readonly recoveryCodes: readonly string[] }
    | Refusal<'signed-out' | 'code' | 'expired' | 'too-many'>
  >
  /** Turns the second factor off, recovery codes included. Needs a fresh session or the password. */
  removeTotp(
    security: Security,
    step?: { readonly password?: string | undefined },
  ): Promise<Done | Refusal<'signed-out' | 'not-fresh' | 'wrong-password' | 'missing' | 'too-many'>>
  /** Makes ten new recovery codes in place of all old ones; they are shown here and never again. Needs a fresh session or the password. */
  makeRecoveryCodes(
    security: Security,
    step?: { readonly password?: string | undefined },
  ): Promise<
    | { readonly ok: true; readonly recoveryCodes: readonly string[] }
    | Refusal<'signed-out' | 'not-fresh' | 'wrong-password' | 'missing' | 'too-many'>
  >
}

/** Codes for one sign-in: enough for slips, and the next sign-in asks for the password again. */
const TRIES = 5
export function secondFactor(facts: Facts): SecondFactorFlows {
  const { accounts, tokens, post, store, seal, times, app } = facts
  const useCode = codeUse(facts)
  const setupKey = (id: string): string => `account-totp:${app}:${sha256(id)}`

  const tellUse = (security: Security, by: Proof, email: string | undefined): void => {
    if (by !== 'recovery-code') return
    tell(security, 'somebody signed in with a recovery code')
    post.notice(security, 'recovery-code-used', email)
  }

  return {
    async enterCode(security, { code }) {
      needOwnIdentity(facts, 'enterCode')
      const { secondFactor: token } = await begunIn(security)
      const ticket = await tokens.look<Ticket>('second-factor', token)
      if (token === undefined || ticket === undefined) return refuse('expired')
      const tries = { burst: TRIES, period: times.secondFactor * TRIES }
      const { allowed } = await store.take(`account-tries:${app}:${sha256(token)}`, tries)
      if (!allowed) {
        await tokens.use('second-factor', token)
        return refuse('expired')
      }
      const used = await useCode(security, ticket, code)
      if (!used.ok) return used
      if (!(await tokens.use('second-factor', token))) return refuse('expired')
      const present = await enter(facts, security, used.account, ['password', used.by])
      if (present === undefined) return refuse('expired')
      tellUse(security, used.by, present.email)
      return { ok: true, profile: toProfile(present), by: used.by }
    },

    async checkCode(security, { id, code, email }) {
      const account = await accounts.get(id)
      if (account?.totp === undefined) return refuse('missing')
      const used = await useCode(security, { id, email }, code)
      if (!used.ok) return used
      tellUse(security, used.by, email ?? account.email)
      return { ok: true, by: used.by }
    },

    async startTotp(security, { password } = {}) {
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      const refused = await confirm(facts, security, present, password)
      if (refused) return refused
      const { id } = present.account
      const codes = await loadCodes()
      const secret = codes.newSecret()
      await store.put(setupKey(id), seal.close(secret, id), { ttl: times.ceremony })
      const label = present.email ?? present.account.name ?? id
      return { ok: true, secret, uri: codes.uri(secret, facts.title, label) }
    },

    async confirmTotp(security, { code }) {
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      const { id } = present.account
      const entry = await store.get(setupKey(id))
      if (entry === undefined) return refuse('expired')
      const codes = await loadCodes()
      const secret = seal.open(entry.value, id)
      const text = typeof code === 'string' ? code.replace(/\s/g, '') : ''
      const step = codes.stepOf(text, secret, facts.now())
      if (step === undefined) return refuse('code')
      // Of two at the same moment one gets the codes; and what was begun anew meanwhile is not ended by a code of the old one.
      const ended = await store.put(setupKey(id), '', { ttl: 0, expected: entry.version })
      if (ended === undefined) return refuse('expired')
      const recoveryCodes = newRecoveryCodes()
      const changed = await change(accounts, id, (account) => ({
        ...account,
        totp: { secret: seal.close(secret, id), lastStep: step, created: facts.now() },
        recoveryCodes: recoveryCodes.map((each) => hashRecoveryCode(id, each)),
      }))
      if (changed === undefined || changed === 'taken') return refuse('signed-out')
      if (facts.subject === undefined) await need(security, 'session').rotate()
      tell(security, 'a second factor was added to an account')
      post.notice(security, 'totp-added', present.email)
      return { ok: true, recoveryCodes }
    },

    async removeTotp(security, { password } = {}) {
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      const refused = await confirm(facts, security, present, password)
      if (refused) return refused
      const changed = await change(accounts, present.account.id, (account) =>
        account.totp === undefined ? refuse('missing') : { ...account, totp: undefined, recoveryCodes: [] },
      )
      if (changed === undefined || changed === 'taken') return refuse('signed-out')
      if (isRefusal(changed)) return changed
      if (facts.subject === undefined) await need(security, 'session').rotate()
      tell(security, 'the second factor of an account was removed')
      post.notice(security, 'totp-removed', present.email)
      return DONE
    },

    async makeRecoveryCodes(security, { password } = {}) {
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      const refused = await confirm(facts, security, present, password)
      if (refused) return refused
      const { id } = present.account
      const recoveryCodes = newRecoveryCodes()
      const changed = await change(accounts, id, (account) => {
        if (account.totp === undefined) return refuse('missing')
        return { ...account, recoveryCodes: recoveryCodes.map((each) => hashRecoveryCode(id, each)) }
      })
      if (changed === undefined || changed === 'taken') return refuse('signed-out')
      if (isRefusal(changed)) return changed
      tell(security, 'new recovery codes were made')
      post.notice(security, 'recovery-codes-made', present.email)
      return { ok: true, recoveryCodes }
    },
  }
}
