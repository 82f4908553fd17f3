import { BulwarkError } from '../../core/errors.ts'
import type { Security } from '../../core/security.ts'
import { change } from '../base/change.ts'
import type { Facts } from '../base/options.ts'
import { begunIn, confirm, enter, presentIn, setBegun } from '../base/presence.ts'
import { type Profile, toProfile } from '../base/profile.ts'
import { need, tell } from '../base/protections.ts'
import { DONE, type Done, isRefusal, type Refusal, refuse } from '../base/results.ts'
import type { Purpose } from '../base/tokens.ts'
import { type Ceremony, loadPasskeys, type PasskeyOptions } from '../packages/simplewebauthn.ts'
import type { Account, Passkey } from '../store.ts'
import { isName } from './registration.ts'

export interface PasskeyFlows {
  /** Begins to add a passkey: hand `options` to the browser's `navigator.credentials.create()`. Needs a fresh session or the password. */
  startPasskey(
    security: Security,
    step?: { readonly password?: string | undefined },
  ): Promise<
    | { readonly ok: true; readonly options: PasskeyOptions }
    | Refusal<'signed-out' | 'not-fresh' | 'wrong-password' | 'full' | 'too-many'>
  >
  /** Adds it: `response` is the credential as JSON, `name` what its owner calls it. */
  finishPasskey(
    security: Security,
    step: { readonly response: unknown; readonly name?: string | undefined },
  ): Promise<
    { readonly ok: true; readonly profile: Profile } | Refusal<'signed-out' | 'expired' | 'passkey' | 'name' | 'full'>
  >
  /** Needs a fresh session or the password. */
  removePasskey(
    security: Security,
    step: { readonly id: string; readonly password?: string | undefined },
  ): Promise<Done | Refusal<'signed-out' | 'not-fresh' | 'wrong-password' | 'missing' | 'too-many'>>
  renamePasskey(
    security: Security,
    step: { readonly id: string; readonly name: string },
  ): Promise<Done | Refusal<'signed-out' | 'name' | 'missing'>>
  /** Begins to sign in with a passkey, whoever it is: hand `options` to the browser's `navigator.credentials.get()`. */
  startPasskeySignIn(security: Security): Promise<{ readonly ok: true; readonly options: PasskeyOptions }>
  /**
   * Signs in with a passkey. The authenticator has verified the person, so no code is asked for. With `subject`, it only answers who it is.
   *
   * **Security**: bound to the origin, to the domain and to this browser's question, which is good for one answer; user verification is required.
   * A signature counter that went back is refused, reported and mailed to the owner: there may be a copy (WebAuthn Level 3, section 6.1.1).
   */
  finishPasskeySignIn(
    security: Security,
    step: { readonly response: unknown },
  ): Promise<{ readonly ok: true; readonly profile: Profile } | Refusal<'expired' | 'passkey'>>
}

const MOST = 20
/** A user handle has at most 64 bytes. */
const LONGEST_HANDLE = 64

export function passkeys(facts: Facts): PasskeyFlows {
  const { accounts, tokens, post, times } = facts

  const begin = async (security: Security, purpose: Purpose, id: string): Promise<Ceremony> => {
    const party = facts.relyingParty()
    const challenge = await tokens.issue(purpose, { id }, times.ceremony)
    await setBegun(security, { passkey: challenge })
    return { rpId: party.id, origins: party.origins, challenge }
  }

  /** Uses up the question that was asked in this browser, for this purpose and person. */
  const end = async (security: Security, purpose: Purpose, id: string): Promise<Ceremony | undefined> => {
    const party = facts.relyingParty()
    const { passkey: challenge } = await begunIn(security)
    const asked = await tokens.look<{ id: string }>(purpose, challenge)
    if (challenge === undefined || asked?.id !== id || !(await tokens.use(purpose, challenge))) return undefined
    return { rpId: party.id, origins: party.origins, challenge }
  }

  const refused = (security: Security, error: unknown): Refusal<'passkey'> => {
    // A package that is missing, or a store that is away, is no wrong passkey.
    if (error instanceof BulwarkError) throw error
    tell(security, 'a passkey was refused', { outcome: 'denied', error })
    return refuse('passkey')
  }

  return {
    async startPasskey(security, { password } = {}) {
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      const stale = await confirm(facts, security, present, password)
      if (stale) return stale
      const { account, email } = present
      if (account.passkeys.length >= MOST) return refuse('full')
      checkHandle(account.id)
      const library = await loadPasskeys()
      const ceremony = await begin(security, 'passkey', account.id)
      const about = { title: facts.title, handle: account.id, label: email ?? account.name ?? account.id }
      return { ok: true, options: await library.creationOptions(ceremony, { ...about, existing: account.passkeys }) }
    },

    async finishPasskey(security, { response, name = 'Passkey' }) {
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      if (!isName(name) || name.trim() === '') return refuse('name')
      const library = await loadPasskeys()
      const { id } = present.account
      const ceremony = await end(security, 'passkey', id)
      if (ceremony === undefined) return refuse('expired')
      const made = await library.verifyCreation(ceremony, response).catch((error: unknown) => refused(security, error))
      if (isRefusal(made)) return made
      const passkey: Passkey = { ...made, name: name.trim(), created: facts.now() }
      const changed = await change(accounts, id, (account) => {
        if (account.passkeys.length >= MOST) return refuse('full')
        if (account.passkeys.some((each) => each.id === passkey.id)) return refuse('passkey')
        return { ...account, passkeys: [...account.passkeys, passkey] }
      })
      if (changed === undefined || changed === 'taken') return refuse('signed-out')
      if (isRefusal(changed)) return changed
      if (facts.subject === undefined) await need(security, 'session').rotate()
      tell(security, 'a passkey was added to an account')
      post.notice(security, 'passkey-added', present.email)
      return { ok: true, profile: toProfile(changed) }
    },

    async removePasskey(security, { id, password }) {
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      const stale = await confirm(facts, security, present, password)
      if (stale) return stale
      const changed = await change(accounts, present.account.id, (account) => {
        const left = account.passkeys.filter((each) => each.id !== id)
        return left.length === account.passkeys.length ? refuse('missing') : { ...account, passkeys: left }
      })
      if (changed === undefined || changed === 'taken') return refuse('signed-out')
      if (isRefusal(changed)) return changed
      tell(security, 'a passkey was removed from an account')
      post.notice(security, 'passkey-removed', present.email)
      return DONE
    },

    async renamePasskey(security, { id, name }) {
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      if (typeof name !== 'string' || !isName(name) || name.trim() === '') return refuse('name')
      const changed = await change(accounts, present.account.id, (account) => {
        if (!account.passkeys.some((each) => each.id === id)) return refuse('missing')
        const renamed = account.passkeys.map((each) => (each.id === id ? { ...each, name: name.trim() } : each))
        return { ...account, passkeys: renamed }
      })
      if (changed === undefined || changed === 'taken') return refuse('signed-out')
      return isRefusal(changed) ? changed : DONE
    },

    async startPasskeySignIn(security) {
      const library = await loadPasskeys()
      const ceremony = await begin(security, 'passkey-sign-in', '')
      return { ok: true, options: await library.requestOptions(ceremony) }
    },

    async finishPasskeySignIn(security, { response }) {
      const library = await loadPasskeys()
      const ceremony = await end(security, 'passkey-sign-in', '')
      if (ceremony === undefined) return refuse('expired')
      const { account, passkey } = await ownerOf(facts, response)
      if (account === undefined || passkey === undefined) return refuse('passkey')
      const seen = await library
        .verifyRequest(ceremony, response, passkey)
        .catch((error: unknown) => refused(security, error))
      if (isRefusal(seen)) return seen
      const changed = await change(accounts, account.id, (now) => {
        const known = now.passkeys.find((each) => each.id === passkey.id)
        // Removed a moment ago, or given another key.
        if (known === undefined || known.publicKey !== passkey.publicKey) return refuse('passkey')
        if (isBehind(seen.counter, known.counter)) return refuse('full')
        const used = { ...known, counter: seen.counter, backedUp: seen.backedUp, lastUsed: facts.now() }
        return { ...now, passkeys: now.passkeys.map((each) => (each === known ? used : each)) }
      })
      if (changed === undefined || changed === 'taken') return refuse('passkey')
      if (isRefusal(changed)) {
        if (changed.reason === 'full') tellCopy(security, account)
        return refuse('passkey')
      }
      const present = await enter(facts, security, changed, ['passkey'])
      return present === undefined ? refuse('passkey') : { ok: true, profile: toProfile(present) }
    },
  }

  function tellCopy(security: Security, account: Account): void {
    tell(security, 'a passkey has counted fewer uses than were seen: there may be a copy of it', { outcome: 'denied' })
    post.notice(security, 'passkey-copied', account.email)
  }
}

/** The account that the authenticator names, and the passkey in it. Neither is believed before the signature is verified. */
async function ownerOf(facts: Facts, response: unknown): Promise<{ account?: Account; passkey?: Passkey | undefined }> {
  const given = response as { id?: unknown; response?: { userHandle?: unknown } | null } | null | undefined
  const handle = given?.response?.userHandle
  if (typeof handle !== 'string' || handle.length > 2 * LONGEST_HANDLE) return {}
  const account = await facts.accounts.get(Buffer.from(handle, 'base64url').toString('utf8'))
  return account === undefined ? {} : { account, passkey: account.passkeys.find(({ id }) => id === given?.id) }
}

/** Authenticators that do not count send 0 for ever. */
function isBehind(counter: number, known: number): boolean {
  return (counter > 0 || known > 0) && counter <= known
}

function checkHandle(id: string): void {
  if (Buffer.byteLength(id) <= LONGEST_HANDLE && !/\p{Cs}/u.test(id)) return
  throw new BulwarkError(
    'BULWARK_ACCOUNT_INVALID',
    'a passkey keeps the id of the account, which is longer than 64 bytes',
    {
      fix: 'answer shorter ids in "subject"',
    },
  )
}
