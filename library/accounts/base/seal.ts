import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { BulwarkError } from '../../core/errors.ts'
import type { KeyRing } from '../../core/keys.ts'

/** Keeps a secret that must be read again, so that a stolen database alone is worth nothing. */
export interface Seal {
  /** @throws BulwarkError `BULWARK_KEYS_MISSING` */
  close(secret: string, accountId: string): string
  /** @throws BulwarkError `BULWARK_KEYS_MISSING` when the key is gone, or what is stored was sealed for another account or altered */
  open(sealed: string, accountId: string): string
}

const IV = 12
const TAG = 16
const FORMAT = 'v1'
const PURPOSE = 'accounts totp'

/**
 * Seals with AES-256-GCM under a key derived from the active one of the policy, bound to the account: moved into another record it does not open.
 * **Security**: CWE-311, CWE-326; ASVS 11.3.2, 13.3.3.
 */
export function sealOf(ring: KeyRing, app: string): Seal {
  return {
    close(secret, accountId) {
      const key = ring.active(PURPOSE)
      if (key === undefined) throw noKeys()
      const iv = randomBytes(IV)
      const cipher = createCipheriv('aes-256-gcm', key.derive(PURPOSE), iv).setAAD(boundTo(app, accountId))
      const parts = [iv, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return [FORMAT, key.id, Buffer.concat(parts).toString('base64url')].join('.')
    },
    open(sealed, accountId) {
      const [format, keyId = '', text = ''] = sealed.split('.')
      const key = ring.usable(PURPOSE).find(({ id }) => id === keyId)
      const bytes = Buffer.from(text, 'base64url')
      if (format !== FORMAT || key === undefined || bytes.length < IV + TAG) throw notOurs()
      try {
        const end = bytes.length - TAG
        const decipher = createDecipheriv('aes-256-gcm', key.derive(PURPOSE), bytes.subarray(0, IV), {
          authTagLength: TAG,
        })
        decipher.setAAD(boundTo(app, accountId)).setAuthTag(bytes.subarray(end))
        return Buffer.concat([decipher.update(bytes.subarray(IV, end)), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw notOurs(cause)
      }
    },
  }
}

function boundTo(app: string, accountId: string): Buffer {
  return Buffer.from(JSON.stringify([app, accountId]))
}

function noKeys(): BulwarkError {
  return new BulwarkError(
    'BULWARK_KEYS_MISSING',
    'the secret of an authenticator app is sealed with a key, and there is none',
    {
      at: 'createAccounts({ keys })',
      fix: 'hand in the keys of the policy: a secret of 32 or more random characters from the environment',
    },
  )
}

function notOurs(cause?: unknown): BulwarkError {
  return new BulwarkError('BULWARK_KEYS_MISSING', 'the secret of an authenticator app cannot be opened', {
    at: 'createAccounts({ keys })',
    fix: 'keep every key that secrets were sealed with, as retired; a record that was altered has to be restored',
    ...(cause !== undefined && { cause }),
  })
}
