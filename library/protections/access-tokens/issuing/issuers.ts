import { BulwarkError } from '../../../core/errors.ts'
import type { Setup } from '../../../core/policy.ts'
import { type Algorithm, isAlgorithm, isSecretAlgorithm, SECRET_BYTES } from '../../../tokens/algorithms.ts'
import { type ClientTls, checkClientTls } from '../../../tokens/fetching.ts'
import type { Jose } from '../../../tokens/jose.ts'
import type { KeySet } from '../../../tokens/key-set.ts'
import { policyKeySet } from '../../../tokens/policy-keys.ts'
import type { Expected } from '../../../tokens/verify.ts'
import { parseDuration } from '../../../toolbox/duration.ts'
import { weaknessOf } from '../../../toolbox/weak-secret.ts'

/** Whose tokens count, for whom they must be, and how they are signed. */
export interface Issuer {
  /** What its tokens say under `iss`, letter by letter. */
  readonly issuer: string
  /** What its tokens must say under `aud`: the name of this app at the issuer. One of several is enough. */
  readonly audience: string | readonly string[]
  /**
   * Its key set: the URL, such as `https://id.example/.well-known/jwks.json`, or the set itself (RFC 7517).
   *
   * **Security**: HTTPS, or this machine. Redirects are not followed.
   */
  readonly keys?: string | { readonly keys: readonly object[] }
  /** In place of keys: the secret that it shares with this app, for `HS256` alone; several while it is exchanged, newest first. */
  readonly secret?: string | readonly string[]
  /** What its tokens may be signed with. @default ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'], with a secret ['HS256'] */
  readonly algorithms?: readonly Algorithm[]
  /**
   * What its tokens may say under `typ`; `''` is for those that say nothing.
   * @default ['at+jwt', 'JWT', '']
   */
  readonly types?: readonly string[]
  /** How much its clock may differ, up to a minute. @default '5s' */
  readonly tolerance?: string | number
  /** How long a key set is used before it is asked for again. @default '10m' */
  readonly fresh?: string | number
  /** The least time between two questions for keys that are not in the set: tokens name keys as they like. @default '30s' */
  readonly coolDown?: string | number
  /** Whom to trust when the key set is asked for, where it is no public authority. */
  readonly tls?: ClientTls
}

const PUBLIC: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']
/** An issuer that is down for an hour signs nobody out; what it has revoked in the meantime cannot be known. */
const GRACE = 3_600_000

/** Checks an issuer and makes what its tokens are held against. @throws BulwarkError */
export function compileIssuer(issuer: Issuer, i: number, jose: Jose, setup: Setup): Expected {
  const at = `policy.accessTokens.issuers[${i}]`
  const audiences = typeof issuer.audience === 'string' ? [issuer.audience] : (issuer.audience ?? [])
  if (typeof issuer.issuer !== 'string' || issuer.issuer === '') {
    throw invalid(
      'an issuer needs its name',
      `${at}.issuer`,
      "write what its tokens say under iss: 'https://id.example'",
    )
  }
  if (audiences.length === 0 || audiences.some((one) => typeof one !== 'string' || one === '')) {
    throw invalid(
      'tokens that are for anybody could be taken from any other app',
      `${at}.audience`,
      "write what they say under aud when they are for this app: 'https://api.example'",
    )
  }
  if ((issuer.keys === undefined) === (issuer.secret === undefined)) {
    throw invalid('tokens are known by keys or by a secret, and by one of both', at, 'set keys, or secret')
  }
  const algorithms = issuer.algorithms ?? (issuer.secret === undefined ? PUBLIC : (['HS256'] as const))
  for (const algorithm of algorithms) {
    if (isAlgorithm(algorithm) && isSecretAlgorithm(algorithm) === (issuer.secret !== undefined)) continue
    throw invalid(
      'no token may be signed with one of these algorithms',
      `${at}.algorithms`,
      'with keys use RS256, PS256, ES256 or EdDSA, with a secret HS256; "none" is no signature',
    )
  }
  if (algorithms.length === 0) throw invalid('a token must be signed', `${at}.algorithms`, "write ['RS256']")
  const time = (value: string | number | undefined, fallback: string, name: string): number => {
    const ms = parseDuration(value ?? fallback)
    if (ms !== undefined) return ms
    throw new BulwarkError('BULWARK_DURATION_INVALID', 'this is no duration', {
      at: `${at}.${name}`,
      fix: `write it like '${fallback}'`,
    })
  }
  checkClientTls(issuer.tls, `${at}.tls`)
  const tolerance = time(issuer.tolerance, '5s', 'tolerance')
  if (tolerance > 60_000) {
    throw invalid('clocks do not differ that much', `${at}.tolerance`, "set the clock by NTP, and write at most '1m'")
  }
  const fresh = time(issuer.fresh, '10m', 'fresh')
  const coolDown = time(issuer.coolDown, '30s', 'coolDown')
  return {
    jose,
    issuer: issuer.issuer,
    keys: keysOf(issuer, { at, fresh, coolDown, algorithms }, jose, setup),
    algorithms,
    audiences,
    types: (issuer.types ?? ['at+jwt', 'JWT', '']).map((type) => type.toLowerCase().replace(/^application\//, '')),
    tolerance: tolerance / 1000,
  }
}

interface Read {
  readonly at: string
  readonly fresh: number
  readonly coolDown: number
  readonly algorithms: readonly Algorithm[]
}

function keysOf({ keys, secret, tls, issuer }: Issuer, read: Read, jose: Jose, setup: Setup): KeySet {
  if (secret !== undefined) return secretSet(secret, read, setup)
  const following = {
    at: `${read.at}.keys`,
    example: 'https://id.example/.well-known/jwks.json',
    fresh: read.fresh,
    grace: GRACE,
    coolDown: read.coolDown,
    tls,
    guard: 'access-tokens',
    risk: 'forged-token',
    trouble: `the key set of the issuer ${issuer} cannot be had; what is known of it counts for an hour more`,
  }
  return policyKeySet(keys, following, jose, setup)
}

function secretSet(secret: string | readonly string[], { at, algorithms }: Read, setup: Setup): KeySet {
  const secrets = typeof secret === 'string' ? [secret] : secret
  const least = Math.max(...algorithms.map((one) => (isSecretAlgorithm(one) ? SECRET_BYTES[one] : 0)))
  if (secrets.length === 0) throw invalid('a secret is missing', `${at}.secret`, 'write at least one')
  const read = secrets.map((text, i) => {
    const weak = weaknessOf(text)
    const why = Buffer.byteLength(text) < least ? `it is shorter than ${least} bytes` : weak?.why
    if (why !== undefined && (setup.production || weak?.kind !== 'sample')) {
      throw new BulwarkError('BULWARK_KEYS_WEAK', `a secret that signs tokens can be guessed: ${why}`, {
        at: typeof secret === 'string' ? `${at}.secret` : `${at}.secret[${i}]`,
        fix: 'use 32 or more random characters: npx @bulwark/cli keys new',
      })
    }
    if (why !== undefined) {
      setup.report({
        guard: 'access-tokens',
        risk: 'guessable-token-secret',
        reason: `a secret that signs tokens can be guessed: ${why}`,
        fix: 'make one with npx @bulwark/cli keys new; in production the app would not start',
      })
    }
    return Buffer.from(text, 'utf8')
  })
  return { find: () => read }
}

function invalid(what: string, at: string, fix: string): BulwarkError {
  return new BulwarkError('BULWARK_POLICY_INVALID', what, { at, fix })
}
