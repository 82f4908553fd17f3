import type { KeyRing } from '../../../core/keys.ts'
import { isKeyRing, keyRing } from '../../../keys/ring.ts'
import { type Box, boxOf } from './box.ts'
import { type Field, type FieldOptions, fieldOf } from './field.ts'
import { checkPurpose } from './head.ts'
import { type Links, linksOf } from './links.ts'
import { type Signer, signerOf } from './signer.ts'

/** Encrypts and signs with the keys of the policy. What is made for one purpose never opens for another. */
export interface Encryption {
  /** Values that nobody can read or change. @throws BulwarkError `BULWARK_SEAL_INVALID` for what is no purpose */
  box(purpose: string): Box
  /** Values that nobody can change. @throws BulwarkError `BULWARK_SEAL_INVALID` */
  signer(purpose: string): Signer
  /** Links that nobody can change. @throws BulwarkError `BULWARK_SEAL_INVALID` */
  links(purpose: string): Links
  /** A column of a table, such as `person.email`. @throws BulwarkError `BULWARK_SEAL_INVALID` */
  field(name: string, options?: FieldOptions): Field
}

export interface EncryptionSettings {
  /** Texts, newest first, or a ring from `openKeyFile`. */
  readonly keys: string | readonly string[] | KeyRing | undefined
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/** More purposes than any program has words for. */
const MOST = 1000

/**
 * Encryption for code that has no request at hand; routes use `req.security.encryption`.
 *
 * **Security**: AES-256-GCM and HMAC-SHA-256 from `node:crypto`, under keys that HKDF-SHA-256 derives for each purpose. ASVS 5.0 11.3.2, 11.3.3,
 * 11.4.1; NIST SP 800-38D; RFC 5869.
 * @throws BulwarkError `BULWARK_KEYS_WEAK`, `BULWARK_POLICY_INVALID`; without keys `BULWARK_KEYS_MISSING` when it is first used
 */
export function createEncryption({ keys, now = Date.now }: EncryptionSettings): Encryption {
  const ring = isKeyRing(keys) ? keys : keyRing(keys ?? [], { now })
  return {
    box: remembered((purpose) => boxOf(ring, purpose, now)),
    signer: remembered((purpose) => signerOf(ring, purpose, now)),
    links: remembered((purpose) => linksOf(ring, purpose, now)),
    field: (name, options = {}) => fieldOf(ring, checkPurpose(name), options, now),
  }
}

/** A handler may ask for its box with each request; deriving a key each time would cost more than sealing. */
function remembered<T>(make: (purpose: string) => T): (purpose: string) => T {
  const made = new Map<string, T>()
  return (purpose) => {
    const known = made.get(purpose)
    if (known !== undefined) return known
    const fresh = make(checkPurpose(purpose))
    if (made.size < MOST) made.set(purpose, fresh)
    return fresh
  }
}
