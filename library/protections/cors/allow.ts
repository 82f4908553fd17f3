import { BulwarkError } from '../../core/errors.ts'
import { parseDuration } from '../../toolbox/duration.ts'
import { parseOrigin } from '../../toolbox/origins.ts'

/** Origins that are named one by one; only they may be trusted with cookies. */
export interface ListedOrigins {
  /**
   * Origins besides the policy's own whose scripts may read answers, such as `https://shop.example`. No patterns and no functions.
   *
   * **Security**: `null` cannot be listed: every sandboxed frame and every local file has it.
   */
  readonly allow?: readonly string[]
  /**
   * Lets scripts of the listed origins send the visitor's cookies and read what comes back.
   * **Security**: each of them can then read whatever your users can.
   * @default false
   */
  readonly credentials?: boolean
}

/** Everybody may read, nobody with cookies. */
export interface PublicOrigins {
  /** Scripts of every site may read the answers, as they are for a stranger. */
  readonly allow: '*'
  /** Cannot be on: any site could then read what your users see. */
  readonly credentials?: false
}

/** What is allowed, ready to be asked. */
export interface Allowed {
  readonly everybody: boolean
  readonly origins: ReadonlySet<string>
  readonly credentials: boolean
}

/** Checks one list of origins. Throws `BULWARK_ORIGIN_INVALID` and, for everybody with cookies, `BULWARK_POLICY_UNSAFE`. */
export function compileAllow(
  { allow = [], credentials = false }: ListedOrigins | PublicOrigins,
  own: readonly string[],
  at: string,
): Allowed {
  if (allow === '*') {
    if (!credentials) return { everybody: true, origins: new Set(own), credentials: false }
    throw new BulwarkError('BULWARK_POLICY_UNSAFE', 'every site could read answers with the cookies of its visitors', {
      at: `${at}.credentials`,
      fix: 'list the origins that need credentials, or leave credentials out',
    })
  }
  if (!Array.isArray(allow)) throw invalid(`${at}.allow`)
  const listed = (allow as readonly unknown[]).map((text, i) => {
    const origin = typeof text === 'string' ? parseOrigin(text) : undefined
    if (origin !== undefined) return origin
    throw invalid(`${at}.allow[${i}]`)
  })
  return { everybody: false, origins: new Set([...own, ...listed]), credentials }
}

/** The seconds that a browser may remember a preflight. */
export function parseMaxAge(maxAge: string | number): number {
  const ms = parseDuration(maxAge)
  if (ms !== undefined && ms <= 86_400_000) return Math.floor(ms / 1000)
  throw new BulwarkError('BULWARK_DURATION_INVALID', 'this is no time that a browser would remember a preflight for', {
    at: 'policy.cors.maxAge',
    fix: "write it like '10m', up to '24h'",
  })
}

/** Names of methods and headers as they go into a list, each checked. */
export function checkTokens(names: readonly string[], at: string): string {
  names.forEach((name, i) => {
    if (/^[!#$%&'+.^_`|~0-9a-z-]+$/i.test(name)) return
    throw new BulwarkError('BULWARK_HEADER_INVALID', 'this is no name of a method or header', {
      at: `${at}[${i}]`,
      fix: 'write the name alone; there is no "*" here',
    })
  })
  return names.join(', ')
}

function invalid(at: string): BulwarkError {
  return new BulwarkError(
    'BULWARK_ORIGIN_INVALID',
    'an origin is a scheme, a host and perhaps a port, and nothing else',
    {
      at,
      fix: 'list each origin like "https://shop.example"; patterns, functions and "null" let in more than they seem to',
    },
  )
}
