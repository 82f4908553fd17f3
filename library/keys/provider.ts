import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { BulwarkError } from '../core/errors.ts'
import { checkSecret } from './text.ts'

/**
 * Keeps the one key that all others are wrapped with: a key management service, a hardware module, or a secret of one's own
 * ({@link localProvider}). It is asked when a file is opened or written, never during a request.
 */
export interface KeyProvider {
  /** Stands in the files that it wrapped keys for, such as `aws-kms`. */
  readonly name: string
  /** Encrypts a key of 32 bytes. `context` must be the same when it is unwrapped: services call it encryption context. */
  wrap(key: Uint8Array, context: string): Promise<Uint8Array>
  /** Decrypts what {@link wrap} answered, and rejects for anything else. */
  unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array>
}

const NONCE = 12
const TAG = 16

/**
 * Wraps keys with a secret of one's own, from the environment or from a file that only the app can read.
 *
 * **Security**: AES-256-GCM under a key derived from the secret (HKDF-SHA-256).
 * @throws BulwarkError `BULWARK_KEYS_WEAK`, `BULWARK_KEYS_MISSING`
 */
export function localProvider(secret: string | undefined): KeyProvider {
  if (secret === undefined || secret === '') {
    throw new BulwarkError('BULWARK_KEYS_MISSING', 'there is no key to wrap the others with', {
      at: 'localProvider(secret)',
      fix: 'set BULWARK_MASTER_KEY to what npx @bulwark/cli keys new answers, where the other secrets of the app are',
    })
  }
  checkSecret(secret, 'localProvider(secret)')
  const key = new Uint8Array(hkdfSync('sha256', secret, 'bulwark', 'wrap keys', 32))
  return {
    name: 'local',
    async wrap(plain, context) {
      const nonce = randomBytes(NONCE)
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG }).setAAD(Buffer.from(context))
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    async unwrap(wrapped, context) {
      try {
        if (wrapped.length < NONCE + TAG) throw new Error('too short')
        const nonce = wrapped.subarray(0, NONCE)
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG }).setAAD(
          Buffer.from(context),
        )
        decipher.setAuthTag(wrapped.subarray(-TAG))
        return Buffer.concat([decipher.update(wrapped.subarray(NONCE, -TAG)), decipher.final()])
      } catch (cause) {
        throw new BulwarkError(
          'BULWARK_SEALED_FILE_INVALID',
          'the file was sealed with another key, or has been changed',
          {
            fix: 'use the key that the file was made with; if that is gone, so is what the file holds',
            cause,
          },
        )
      }
    },
  }
}
