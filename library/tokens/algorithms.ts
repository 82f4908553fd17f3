import type { Jwk } from './jose.ts'

/**
 * Algorithms of tokens that anybody may verify and only the issuer can sign (RFC 7518, RFC 8037, RFC 9864).
 *
 * **Security**: there is no `none`, and nothing with a shared secret: a key set must never be able to ask for one (RFC 8725, 3.1).
 */
export type PublicAlgorithm =
  | 'EdDSA'
  | 'Ed25519'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'

/** Algorithms with one secret that signs and verifies. */
export type SecretAlgorithm = 'HS256' | 'HS384' | 'HS512'

export type Algorithm = PublicAlgorithm | SecretAlgorithm

/** The type of key that an algorithm needs, and its curves where it has any. */
const NEEDS: Readonly<Record<Algorithm, { readonly kty: string; readonly crv?: string }>> = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  HS256: { kty: 'oct' },
  HS384: { kty: 'oct' },
  HS512: { kty: 'oct' },
}

/** Bytes that the secret of an algorithm must have at least: as many as its hash (RFC 7518, 3.2). */
export const SECRET_BYTES: Readonly<Record<SecretAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 }

export function isAlgorithm(text: unknown): text is Algorithm {
  return typeof text === 'string' && Object.hasOwn(NEEDS, text)
}

export function isSecretAlgorithm(algorithm: Algorithm): algorithm is SecretAlgorithm {
  return algorithm.startsWith('HS')
}

/**
 * Whether a published key verifies signatures of this algorithm.
 *
 * **Security**: the key decides, never the token: a public key that could be taken for an HMAC secret is the oldest way to forge a token.
 */
export function isKeyFor(jwk: Jwk, algorithm: Algorithm): boolean {
  const { kty, crv } = NEEDS[algorithm]
  return (
    jwk.kty === kty &&
    (crv === undefined || jwk['crv'] === crv) &&
    (jwk.alg === undefined || jwk.alg === algorithm || (kty === 'OKP' && /^Ed(?:DSA|25519)$/.test(jwk.alg))) &&
    (jwk.use === undefined || jwk.use === 'sig') &&
    (jwk.key_ops === undefined || (Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
  )
}
