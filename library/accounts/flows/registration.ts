import type { Security } from '../../core/security.ts'
import { constantTimeEqual, randomToken, sha256 } from '../../toolbox/tokens.ts'
import { change } from '../base/change.ts'
import { countRequest, mayWriteTo, within } from '../base/limits.ts'
import type { Facts } from '../base/options.ts'
import { needOwnIdentity } from '../base/own.ts'
import { begunIn, enter, setBegun } from '../base/presence.ts'
import { type Profile, toProfile } from '../base/profile.ts'
import { need, tell } from '../base/protections.ts'
import { DONE, type Done, isRefusal, type Refusal, refuse } from '../base/results.ts'
import { emailKey, parseEmail } from '../email.ts'
import { newId } from '../id.ts'
import type { Account, NewAccount } from '../store.ts'

export interface Registration {
  readonly email: string
  readonly password: string
  readonly name?: string | undefined
}

export interface RegistrationFlows {
  /**
   * Begins a registration: a letter with a link goes to the address. There is no account before the link is used, so nobody can occupy
   * somebody else's address.
   *
   * **Security**: the same answer, after the same work, whether the address has an account or not; its owner is told by mail (CWE-204,
   * ASVS 6.3.8). `attributes` are what the app adds by itself; they stand apart, so that a form handed in as it came brings none (CWE-915).
   */
  register(
    security: Security,
    registration: Registration,
    attributes?: Readonly<Record<string, unknown>>,
  ): Promise<Done | Refusal<'email' | 'name' | 'password' | 'too-many'>>
  /**
   * Finishes it, and signs in. In another browser than the one that registered, the password is asked for: whoever registers with somebody
   * else's address must not get an account that the owner of the address has confirmed.
   */
  verifyEmail(
    security: Security,
    step: { readonly token: string; readonly password?: string | undefined },
  ): Promise<
    | { readonly ok: true; readonly profile: Profile }
    | Refusal<'link' | 'password-needed' | 'wrong-password' | 'taken' | 'too-many'>
  >
}

/** A registration that waits for its link to be used. */
interface Waiting {
  readonly email: string
  readonly passwordHash: string
  readonly name?: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  /** The hash of what the browser that registered has in its session. */
  readonly browser: string
}

export function registration(facts: Facts): RegistrationFlows {
  const { accounts, tokens, post, times } = facts

  return {
    async register(security, given, attributes = {}) {
      needOwnIdentity(facts, 'register')
      const email = parseEmail(given.email)
      if (email === undefined) return refuse('email')
      if (!isName(given.name)) return refuse('name')
      const { name } = given
      const checked = need(security, 'passwords').check(given.password, { words: [email, name ?? ''] })
      if (!checked.ok) return refuse('password', { message: checked.message })
      const tooMany = await countRequest(facts, security)
      if (tooMany) return tooMany
      // Hashed before anybody looks whether there is such an account: it is the one step whose time could be measured from outside.
      const passwordHash = await security.passwords.hash(given.password)
      const marker = randomToken(32)
      await setBegun(security, { registration: marker })
      const waiting: Waiting = { email, passwordHash, name, attributes, browser: sha256(marker) }
      post.later(security, async () => {
        if (!(await mayWriteTo(facts, security, email))) return
        const owner = await accounts.getByEmail(email)
        if (owner?.email !== undefined) return post.send('already-registered', owner.email)
        const link = facts.linkTo('verifyEmail', await tokens.issue('register', waiting, times.verifyEmail))
        await post.send('verify-email', email, { link, minutes: times.verifyEmail / 60_000 })
      })
      return DONE
    },

    async verifyEmail(security, { token, password }) {
      needOwnIdentity(facts, 'verifyEmail')
      const waiting = await tokens.look<Waiting>('register', token)
      if (waiting === undefined) return refuse('link')
      const { registration: marker } = await begunIn(security)
      if (marker === undefined || !constantTimeEqual(sha256(marker), waiting.browser)) {
        // A form sends its empty field too.
        if (password === undefined || password === '') return refuse('password-needed')
        const text = typeof password === 'string' ? password : ''
        const checked = await within(security, emailKey(waiting.email), () =>
          need(security, 'passwords').verify(waiting.passwordHash, text),
        )
        if ('reason' in checked) return checked
        if (!checked.ok) return refuse('wrong-password')
      }
      if (!(await tokens.use('register', token))) return refuse('link')
      const account = await accounts.create(newAccount(facts, waiting))
      if (account === undefined) return refuse('taken')
      tell(security, 'somebody registered and confirmed an e-mail address')
      const present = await enter(facts, security, account, ['password', 'link'])
      return present === undefined ? refuse('link') : { ok: true, profile: toProfile(present) }
    },
  }
}

/** Whether it can stand in a page, and in the subject of a letter of the app. */
export function isName(name: unknown): name is string | undefined {
  return (
    name === undefined || (typeof name === 'string' && name.length <= 200 && !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(name))
  )
}

function newAccount(facts: Facts, { email, passwordHash, name, attributes }: Waiting): NewAccount {
  return {
    id: newId(facts.now()),
    email,
    emailVerified: true,
    passwordHash,
    name,
    roles: facts.roles,
    recoveryCodes: [],
    passkeys: [],
    attributes,
    created: facts.now(),
  }
}

/** Stores a stronger hash of the same password in place of the one that it was verified with. */
export async function storeRehash(facts: Facts, account: Account, rehash: string): Promise<Account> {
  const stronger = await change(facts.accounts, account.id, (now) =>
    now.passwordHash === account.passwordHash ? { ...now, passwordHash: rehash } : refuse('missing'),
  )
  return stronger === undefined || stronger === 'taken' || isRefusal(stronger) ? account : stronger
}
