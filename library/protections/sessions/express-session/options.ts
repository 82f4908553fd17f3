import { BulwarkError } from '../../../core/errors.ts'
import type { SessionUser } from '../data.ts'
import { invalid } from '../refusals.ts'

export interface ExpressSessionOptions {
  /** The property of the session under which passport keeps its user, as in `new Passport().use(...)` with a key of its own. @default 'passport' */
  readonly key?: string
  /**
   * Who signed in, from what `serializeUser` answered.
   * @default the text or number itself, or the `id` of an object
   */
  readonly user?: (serialized: unknown) => SessionUser
}

/** How passport's user becomes the session's. */
export interface UserMapping {
  readonly key: string
  readonly toUser: (serialized: unknown) => SessionUser
}

/** What the policy decides here, by the names that `express-session` has for it. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['secret', 'leave it out: the cookie holds 256 random bits, and nothing that a signature would protect'],
  ['name', 'set app in the policy: the cookie is __Host-<app>-session'],
  ['store', "give the policy a store, such as bulwark({ store: sqliteStore('app.db') })"],
  ['cookie', 'set sessions: { idle, absolute } in the policy; the cookie is Secure, HttpOnly and SameSite=Lax'],
  ['rolling', 'leave it out: use prolongs a session by itself, up to sessions: { idle, absolute } of the policy'],
  ['genid', 'leave it out: ids are 256 random bits'],
  ['resave', 'leave it out: only what has changed is stored'],
  ['saveUninitialized', 'leave it out: guests get a session when something is stored'],
  ['proxy', 'set proxies in the policy'],
  ['unset', 'call req.session.destroy(); a session that is set to null is ended as well'],
])

export function checkOptions(options: ExpressSessionOptions): UserMapping {
  for (const name of Object.keys(options)) {
    if (name === 'key' || name === 'user') continue
    throw new BulwarkError('BULWARK_POLICY_INVALID', `expressSession() has no option "${name}"`, {
      at: `expressSession({ ${name} })`,
      fix: ELSEWHERE.get(name) ?? 'its options are key and user',
    })
  }
  const { key = 'passport', user = toUser } = options
  if (typeof key !== 'string' || key === '' || typeof user !== 'function') {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'expressSession() takes a name and a function', {
      at: 'expressSession({ key, user })',
      fix: "write it like { key: 'passport', user: (serialized) => ({ id: serialized.email }) }",
    })
  }
  return { key, toUser: user }
}

/** The user that this part of a session names, as passport sees it: nobody, where it is empty. */
export function userIn(part: unknown, { toUser }: UserMapping): SessionUser | undefined {
  const serialized = typeof part === 'object' && part !== null ? Reflect.get(part, 'user') : undefined
  // Passport takes 0 for somebody, and every other empty value for nobody.
  return serialized || serialized === 0 ? toUser(serialized) : undefined
}

export function toUser(serialized: unknown): SessionUser {
  const id = typeof serialized === 'object' && serialized !== null ? Reflect.get(serialized, 'id') : serialized
  if (typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint') return { id: String(id) }
  throw invalid(
    'it does not show who has signed in',
    'let serializeUser answer an id, or tell expressSession({ user }) where the id is',
  )
}
