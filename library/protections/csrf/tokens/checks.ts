import { BulwarkError } from '../../../core/errors.ts'
import type { Setup } from '../../../core/policy.ts'
import { isCookieName } from '../../../toolbox/cookies.ts'
import { parseDuration } from '../../../toolbox/duration.ts'
import { parseOrigin } from '../../../toolbox/origins.ts'
import { randomToken } from '../../../toolbox/tokens.ts'

let processKey: string | undefined

/** The policy's keys; while somebody develops, one that ends with the process. */
export function keysFor(setup: Setup): readonly string[] {
  const { ring } = setup
  if (ring.active('csrf') !== undefined) return ring.usable('csrf').map(({ secret }) => secret)
  if (setup.production) {
    throw new BulwarkError('BULWARK_KEYS_MISSING', 'tokens against forged requests are made with a key', {
      at: 'policy.keys',
      fix: 'set keys to a secret of 32 or more random characters from the environment, the same in every process',
    })
  }
  setup.report({
    guard: 'csrf',
    risk: 'csrf',
    reason: 'the policy has no keys, so tokens in open forms end with this process',
    fix: 'set keys to a secret of 32 or more random characters from the environment; in production they are required',
  })
  processKey ??= randomToken(32)
  return [processKey]
}

export function checkDemand(tokens: unknown): unknown {
  if (tokens === undefined || tokens === 'required' || tokens === 'old-browsers') return tokens
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'there is no such way to demand tokens', {
    at: 'policy.csrf.tokens',
    fix: "write 'required' or 'old-browsers', or leave it out",
  })
}

export function unknownContract(): BulwarkError {
  return new BulwarkError('BULWARK_POLICY_INVALID', 'a route says something about csrf that nobody understands', {
    at: 'secure({ csrf })',
    fix: "write 'token' or off('why')",
  })
}

export function checkLifetime(text: string | number): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= 60_000) return ms
  throw new BulwarkError('BULWARK_DURATION_INVALID', 'this is no length of time that a form may be open', {
    at: 'policy.csrf.tokenLifetime',
    fix: "write it like '12h'; less than a minute is too short for anybody",
  })
}

export function checkCookie(name: string | undefined): string | undefined {
  if (name === undefined || isCookieName(name)) return name
  throw new BulwarkError('BULWARK_COOKIE_INVALID', 'no cookie can have this name', {
    at: 'policy.csrf.sessionCookie',
    fix: 'write the name exactly as the browser sends it, such as "connect.sid"',
  })
}

export function checkOrigin(text: string, i: number): string {
  const origin = parseOrigin(text)
  if (origin !== undefined) return origin
  throw new BulwarkError(
    'BULWARK_ORIGIN_INVALID',
    'an origin is a scheme, a host and perhaps a port, and nothing else',
    {
      at: `policy.csrf.trustedOrigins[${i}]`,
      fix: 'write it like "https://pay.example", without a path or a slash at the end',
    },
  )
}
