import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { KeyRing } from '../../../core/keys.ts'
import type { Jose, Jwk } from '../../../tokens/jose.ts'
import { perVersion } from '../../../toolbox/per-version.ts'
import { randomToken } from '../../../toolbox/tokens.ts'

/** What keys of the ring may be kept for, if not for everything. */
export const PURPOSE = 'calls'
export const TYPE = 'service-call+jwt'
/** Seconds that a call may be under way. */
export const LONGEST = 60
const LIFETIME = 30

/** The way from 32 bytes to an Ed25519 key: the DER of PKCS #8 in front of them (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface PublishedKeys {
  readonly keys: readonly Jwk[]
}

/** One call, as its token binds it. */
export interface Bound {
  readonly self: string
  readonly to: string
  readonly method: string
  /** The path and query as they are sent. */
  readonly target: string
  readonly body: Uint8Array | undefined
  readonly user: string | undefined
}

/** Signs calls with the ring's own Ed25519 keys: each secret of the ring leads to one, so they are rotated and revoked with it. */
export interface Signing {
  /** Whether there is a key to sign with. */
  readonly isReady: boolean
  sign(call: Bound): Promise<string>
  /** The public keys by which the others know our calls: those that will sign next, sign, and have signed; no revoked ones. */
  published(): PublishedKeys
}

export function signingWith(ring: KeyRing, jose: Jose, now: () => number): Signing {
  const current = perVersion(ring, () => {
    const usable = ring.usable(PURPOSE).map((key) => ({ id: key.id, key: toPrivateKey(key.derive('calls ed25519')) }))
    const active = ring.active(PURPOSE)
    return {
      active: usable.find(({ id }) => id === active?.id),
      published: { keys: usable.map(({ id, key }) => toJwk(id, key)) },
    }
  })
  return {
    get isReady() {
      return current().active !== undefined
    },
    async sign({ self, to, method, target, body, user }) {
      const { active } = current()
      if (active === undefined) throw new Error('There is no active key to sign calls with')
      const iat = Math.floor(now() / 1000)
      const claims = {
        iss: self,
        aud: to,
        // RFC 8693, 4.1: the subject is the user, and who acts for them is the program; without a user it speaks for itself.
        sub: user ?? self,
        ...(user !== undefined && { act: { sub: self } }),
        iat,
        exp: iat + LIFETIME,
        jti: randomToken(),
        htm: method,
        htu: target,
        digest: digestOf(body === undefined ? [] : [body]),
      }
      return new jose.CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid: active.id })
        .sign(active.key)
    },
    published: () => current().published,
  }
}

/** SHA-256 of a body in base64url. */
export function digestOf(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('base64url')
}

function toPrivateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
}

function toJwk(kid: string, key: KeyObject): Jwk {
  const { kty, crv, x } = createPublicKey(key).export({ format: 'jwk' })
  return { kty: kty ?? 'OKP', crv, x, kid, alg: 'EdDSA', use: 'sig' }
}
