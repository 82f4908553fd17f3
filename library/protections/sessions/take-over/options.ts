import { BulwarkError } from '../../../core/errors.ts'
import type { Awaitable } from '../../../core/exchange.ts'
import { isCookieName } from '../../../toolbox/cookies.ts'
import type { SessionUser } from '../data.ts'

/** The contents of a session of `express-session`. */
export type OldSession = Readonly<Record<string, unknown>>

/** Sessions that were begun with `express-session`, which nobody shall lose. */
export interface TakeOverOptions {
  /** The name that its cookie had. @default 'connect.sid' */
  readonly cookie?: string
  /** Path and domain that its cookie had, if any were set: a browser removes a cookie only where it stands. @default '/' and none */
  readonly path?: string
  readonly domain?: string
  /** Every secret with which cookies were signed that are still about. What is `undefined`, as a variable that is missing, is refused. */
  readonly secrets: readonly (string | undefined)[]
  /** The old session as it was stored, as JSON or parsed; nothing where there is none. Gets ids whose signature was right. */
  readonly read: (id: string) => Awaitable<unknown>
  /** Deletes the old session, and answers whether it was there. */
  readonly remove: (id: string) => Awaitable<boolean>
  /** Who was signed in. @default who passport says was */
  readonly user?: (session: OldSession) => SessionUser | undefined
}

/** Answers the secrets. @throws BulwarkError `BULWARK_POLICY_INVALID` */
export function checkTakeOver(options: TakeOverOptions): readonly string[] {
  const { cookie = 'connect.sid', path = '/', domain, secrets, read, remove, user } = options
  if (!isCookieName(cookie))
    throw refused('cookie', 'this names no cookie', "write the old name, such as 'connect.sid'")
  if (!path.startsWith('/'))
    throw refused('path', 'this is no path of a cookie', "write it like '/shop', or leave it out")
  if (domain !== undefined && !/^\.?[a-z0-9.-]+$/i.test(domain)) {
    throw refused(
      'domain',
      'this is no domain of a cookie',
      'write the domain that the old cookie had, or leave it out',
    )
  }
  if (!Array.isArray(secrets) || secrets.length === 0 || !secrets.every(isSecret)) {
    throw refused(
      'secrets',
      'the secrets of the old cookies are missing',
      'hand in what express-session had as secret, in a list',
    )
  }
  if (
    typeof read !== 'function' ||
    typeof remove !== 'function' ||
    (user !== undefined && typeof user !== 'function')
  ) {
    throw refused(
      'read',
      'it takes two functions to take sessions over',
      'hand in read and remove, such as from redisSessions(client)',
    )
  }
  return secrets
}

function isSecret(given: unknown): given is string {
  return typeof given === 'string' && given !== ''
}

function refused(key: string, what: string, fix: string): BulwarkError {
  return new BulwarkError('BULWARK_POLICY_INVALID', what, { at: `policy.sessions.takeOver.${key}`, fix })
}
