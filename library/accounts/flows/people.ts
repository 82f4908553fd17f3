import type { Awaitable, Exchange } from '../../core/exchange.ts'
import type { Security } from '../../core/security.ts'
import type { Person } from '../../protections/access-control/guard.ts'
import { sessionOf } from '../../protections/sessions/index.ts'
import { change } from '../base/change.ts'
import type { Facts, SubjectExchange } from '../base/options.ts'
import { needOwnIdentity } from '../base/own.ts'
import { confirm, presentIn, setBegun } from '../base/presence.ts'
import { type Profile, toProfile } from '../base/profile.ts'
import { need, tell } from '../base/protections.ts'
import { DONE, type Done, isRefusal, type Refusal, refuse } from '../base/results.ts'
import { parseEmail } from '../email.ts'
import { newId } from '../id.ts'
import type { AccountPage } from '../store.ts'
import { isName } from './registration.ts'

/** What the app may change about somebody by itself. */
export interface ProfileChange {
  readonly name?: string | undefined
  readonly attributes?: Readonly<Record<string, unknown>>
}

export interface PeopleFlows {
  /** For the policy's `accessControl`: the person with the roles of the account as they are now, so that a change counts from the next request. */
  identify(x: Exchange): Promise<Person | undefined>
  /** The account behind a request; `undefined` for a guest. */
  current(security: Security): Promise<Profile | undefined>
  /**
   * Closes the account of whoever asks: the record, its sessions and its links are gone. Needs a fresh session or the password.
   *
   * `before` takes away what the app keeps of the person elsewhere, once it is clear that the account will be closed. While it fails the account stays,
   * so the person can ask again; it may be called again, also after a process that ended in between.
   */
  close(
    security: Security,
    step?: { readonly password?: string | undefined; readonly before?: (id: string) => Awaitable<unknown> },
  ): Promise<
    { readonly ok: true; readonly id: string } | Refusal<'signed-out' | 'not-fresh' | 'wrong-password' | 'too-many'>
  >
  find(id: string): Promise<Profile | undefined>
  findByEmail(email: string): Promise<Profile | undefined>
  /** A page of accounts, newest first. */
  list(page?: Partial<AccountPage>): Promise<readonly Profile[]>
  /**
   * Adds an account without asking anybody, for the first admin and for people who are invited: they choose a password by `requestReset()`.
   * The address counts as verified. `taken`: it has an account.
   */
  add(account: {
    readonly email: string
    readonly name?: string | undefined
    readonly roles?: readonly string[]
    /** As `hashPassword()` made it. */
    readonly passwordHash?: string | undefined
    readonly attributes?: Readonly<Record<string, unknown>>
  }): Promise<{ readonly ok: true; readonly profile: Profile } | Refusal<'email' | 'name' | 'taken'>>
  /**
   * Changes the name and the attributes. The function is called again when somebody else was faster, so that no change is lost: it must do nothing
   * but compute. `attributes` replaces all of them.
   */
  update(
    id: string,
    make: (profile: Profile) => ProfileChange,
  ): Promise<{ readonly ok: true; readonly profile: Profile } | Refusal<'missing' | 'name'>>
  /**
   * Gives somebody other roles, from the next request on, and ends the sessions: what was begun with the old roles is not finished with them.
   * Whoever changes the own roles stays signed in, under a new session id. Whether it may be done is the app's to decide.
   */
  setRoles(security: Security, id: string, roles: readonly string[]): Promise<Done | Refusal<'missing'>>
  /** Closes somebody else's account, with its sessions and links. */
  remove(security: Security, id: string): Promise<Done | Refusal<'missing'>>
  /** Signs somebody out everywhere; answers how many sessions were ended. */
  endSessions(security: Security, id: string): Promise<number>
}

export function people(facts: Facts): PeopleFlows {
  const { accounts, tokens, post } = facts

  /** The record goes first: from then on no session of it is anybody's, and none can begin. */
  const removeAll = async (security: Security, id: string, email: string | undefined): Promise<boolean> => {
    const removed = await accounts.remove(id)
    await tokens.revokeAll(id)
    if (facts.subject === undefined) await need(security, 'session').endAll(id)
    if (!removed) return false
    tell(security, 'an account was closed')
    post.notice(security, 'account-closed', email)
    return true
  }

  return {
    async identify(x) {
      if (facts.subject !== undefined) return facts.subject(x as SubjectExchange)
      const user = (await sessionOf(x))?.user
      const account = user && (await accounts.get(user.id))
      return account && { id: account.id, roles: account.roles }
    },

    async current(security) {
      const present = await presentIn(facts, security)
      return present && toProfile(present.account)
    },

    async close(security, { password, before } = {}) {
      const present = await presentIn(facts, security)
      if (present === undefined) return refuse('signed-out')
      const stale = await confirm(facts, security, present, password)
      if (stale) return stale
      const { id } = present.account
      // Steps are often handed a whole body, in which there is no function.
      if (typeof before === 'function') await before(id)
      return (await removeAll(security, id, present.email)) ? { ok: true, id } : refuse('signed-out')
    },

    async find(id) {
      const account = await accounts.get(id)
      return account && toProfile(account)
    },

    async findByEmail(email) {
      const parsed = parseEmail(email)
      const account = parsed === undefined ? undefined : await accounts.getByEmail(parsed)
      return account && toProfile(account)
    },

    async list({ limit = 50, ...page } = {}) {
      return (await accounts.list({ limit, ...page })).map(toProfile)
    },

    async add({ email: typed, name, roles = facts.roles, passwordHash, attributes = {} }) {
      needOwnIdentity(facts, 'add')
      const email = parseEmail(typed)
      if (email === undefined) return refuse('email')
      if (!isName(name)) return refuse('name')
      const created = facts.now()
      const known = { id: newId(created), email, emailVerified: true, name, roles, passwordHash, attributes, created }
      const account = await accounts.create({ ...known, recoveryCodes: [], passkeys: [] })
      return account === undefined ? refuse('taken') : { ok: true, profile: toProfile(account) }
    },

    async update(id, make) {
      const changed = await change(accounts, id, (account) => {
        const next = make(toProfile(account))
        const name = 'name' in next ? next.name : account.name
        if (!isName(name)) return refuse('name')
        return { ...account, name, attributes: next.attributes ?? account.attributes }
      })
      if (changed === undefined || changed === 'taken') return refuse('missing')
      return isRefusal(changed) ? changed : { ok: true, profile: toProfile(changed) }
    },

    async setRoles(security, id, roles) {
      needOwnIdentity(facts, 'setRoles')
      const changed = await change(accounts, id, (account) => ({ ...account, roles: [...roles] }))
      if (changed === undefined || changed === 'taken') return refuse('missing')
      const { session } = security
      if ((await security.user())?.id === id) await session.rotate()
      else await need(security, 'session').endAll(id)
      tell(security, 'the roles of an account were changed')
      return DONE
    },

    async remove(security, id) {
      const account = await accounts.get(id)
      if (account === undefined) return refuse('missing')
      return (await removeAll(security, id, account.email)) ? DONE : refuse('missing')
    },

    async endSessions(security, id) {
      needOwnIdentity(facts, 'endSessions')
      await setBegun(security, undefined)
      await tokens.revokeAll(id)
      return need(security, 'session').endAll(id)
    },
  }
}
