import { type Algorithm, isAlgorithm } from './algorithms.ts'
import type { Jose, ReadKey } from './jose.ts'
import type { KeySet } from './key-set.ts'

/** What a token says, once its signature, its time, its issuer and its audience are right (RFC 7519, 4.1). */
export interface Claims {
  readonly iss: string
  readonly aud: string | readonly string[]
  /** Seconds since the epoch. */
  readonly exp: number
  readonly nbf?: number
  readonly iat?: number
  readonly sub?: string
  readonly jti?: string
  readonly [claim: string]: unknown
}

/** Why a token does not count. `forged`: not signed as it must be. `foreign`: signed for or by somebody else. `late`: not now. */
export interface Flaw {
  readonly kind: 'malformed' | 'forged' | 'foreign' | 'late'
  /** Without anything that the client wrote. */
  readonly why: string
}

/** Exactly one of both. */
export type Checked =
  | { readonly claims: Claims; readonly flaw?: undefined }
  | { readonly flaw: Flaw; readonly claims?: undefined }

export interface Expected {
  readonly jose: Jose
  readonly issuer: string
  readonly keys: KeySet
  readonly algorithms: readonly Algorithm[]
  /** Any one of them must be named. */
  readonly audiences: readonly string[]
  /** Types of tokens in lower case without `application/`; `''` stands for a token that names none. */
  readonly types: readonly string[]
  /** Seconds that clocks may differ. */
  readonly tolerance: number
  /** Seconds that a token may be good for in all; it must then say when it was issued. */
  readonly longest?: number
}

/** A token that was taken apart and not yet believed. */
export interface Unproved {
  readonly token: string
  readonly algorithm: Algorithm | undefined
  readonly type: string
  readonly kid: string | undefined
  /** It names the key that it wants to be verified with. */
  readonly bringsKey: boolean
  readonly payload: Readonly<Record<string, unknown>>
}

const MOST_LETTERS = 16 * 1024
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** Whether the text could be a signed token: three parts, each in base64url. */
export function isTokenLike(text: string): boolean {
  return text.length <= MOST_LETTERS && COMPACT.test(text)
}

/** Takes a token apart; `undefined` when it is none. **Security**: nothing in it is proved. */
export function takeApart(token: string): Unproved | undefined {
  if (!isTokenLike(token)) return undefined
  const [head = '', body = ''] = token.split('.')
  const header = parseObject(head)
  const payload = parseObject(body)
  if (header === undefined || payload === undefined) return undefined
  const { alg, typ, kid, jwk, jku, x5u, x5c } = header
  // RFC 7515, 4.1.11: what must be understood and is not makes the token invalid. There is nothing here that we would understand.
  if ('crit' in header || 'b64' in header || 'zip' in header || 'enc' in header) return undefined
  if ((kid !== undefined && typeof kid !== 'string') || (typ !== undefined && typeof typ !== 'string')) return undefined
  return {
    token,
    algorithm: isAlgorithm(alg) ? alg : undefined,
    type: (typ ?? '').toLowerCase().replace(/^application\//, ''),
    kid,
    bringsKey: (jwk ?? jku ?? x5u ?? x5c) !== undefined,
    payload,
  }
}

/**
 * Whether a token is what it says: the claims, or the flaw.
 *
 * **Security**: the algorithm and the key come from the policy and never from the token; `jwk`, `jku`, `x5u` and `x5c` are never looked at.
 * RFC 8725; RFC 7515; ASVS 5.0 9.1.1, 9.1.2, 9.1.3, 9.2.1, 9.2.2, 9.2.3.
 * @throws KeysAway
 */
export async function verifyToken(unproved: Unproved, expected: Expected, now: number): Promise<Checked> {
  const { token, algorithm, type, kid, bringsKey, payload } = unproved
  if (algorithm === undefined || !expected.algorithms.includes(algorithm)) {
    return { flaw: { kind: 'forged', why: 'it is not signed with an algorithm of the policy' } }
  }
  if (!expected.types.includes(type)) return { flaw: { kind: 'foreign', why: 'it is a token of another type' } }
  if (payload['iss'] !== expected.issuer) return { flaw: { kind: 'foreign', why: 'another issuer has signed it' } }
  const keys = await expected.keys.find(kid, algorithm)
  if (!(await isSignedBy(expected.jose, token, algorithm, keys))) {
    const own = bringsKey ? '; it wants to be verified with a key that it brings along' : ''
    return { flaw: { kind: 'forged', why: `no key of the issuer has signed it${own}` } }
  }
  const flaw = flawOf(payload, expected, now / 1000)
  return flaw === undefined ? { claims: payload as Claims } : { flaw }
}

async function isSignedBy(jose: Jose, token: string, algorithm: Algorithm, keys: readonly ReadKey[]): Promise<boolean> {
  for (const key of keys) {
    try {
      await jose.compactVerify(token, key, { algorithms: [algorithm] })
      return true
    } catch {
      // Not this key. What the package finds fault with besides (a key too short, a header it does not know) is no signature either.
    }
  }
  return false
}

function flawOf(payload: Unproved['payload'], expected: Expected, now: number): Flaw | undefined {
  const { aud, exp, nbf, iat, sub, jti } = payload
  const { tolerance, longest, audiences } = expected
  const named = typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : []
  if (!named.some((one) => audiences.includes(one))) return { kind: 'foreign', why: 'it is meant for another audience' }
  if (!isTime(exp)) return { kind: 'late', why: 'it never expires' }
  if (exp + tolerance <= now) return { kind: 'late', why: 'it has expired' }
  if (nbf !== undefined && (!isTime(nbf) || nbf - tolerance > now)) return { kind: 'late', why: 'it is not good yet' }
  if (iat !== undefined && (!isTime(iat) || iat - tolerance > now)) {
    return { kind: 'late', why: 'it was issued in the future' }
  }
  if (longest !== undefined && (!isTime(iat) || exp - iat > longest || exp <= iat)) {
    return { kind: 'late', why: `it is good for longer than ${longest} seconds` }
  }
  if ((sub !== undefined && typeof sub !== 'string') || (jti !== undefined && typeof jti !== 'string')) {
    return { kind: 'malformed', why: 'a claim of it is of another type than it must be' }
  }
  return undefined
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

const TEXT = new TextDecoder('utf-8', { fatal: true })

function parseObject(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(TEXT.decode(Buffer.from(part, 'base64url')))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    // Whoever sends this gets no closer look at why.
    return undefined
  }
}
