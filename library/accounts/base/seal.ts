import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { BulwarkError } from '../../core/errors.ts'
import { sha256 } from '../../toolbox/tokens.ts'

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

/**
 * Seals with AES-256-GCM under a key made from the newest of the policy's keys, bound to the account: moved into another record it does not open.
 * **Security**: CWE-311, CWE-326; ASVS 11.3.2, 13.3.3.
 */
export function sealOf(keys: readonly string[], app: string): Seal {
  const known = new Map<string, Buffer>()
  for (const key of keys) {
    const derived = Buffer.from(hkdfSync('sha256', key, '', `bulwark accounts ${app}`, 32))
    known.set(sha256(derived.toString('hex')).slice(0, 8), derived)
  }
  const newest = [...known][0]

  return {
    close(secret, accountId) {
      if (newest === undefined) throw noKeys()
      const iv = randomBytes(IV)
      const cipher = createCipheriv('aes-256-gcm', newest[1], iv).setAAD(Buffer.from(accountId))
      const parts = [iv, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return [FORMAT, newest[0], Buffer.concat(parts).toString('base64url')].join('.')
    },
    open(sealed, accountId) {
      const [format, keyId = '', text = ''] = sealed.split('.')
      const key = known.get(keyId)
      const bytes = Buffer.from(text, 'base64url')
      if (format !== FORMAT || key === undefined || bytes.length < IV + TAG) throw notOurs()
      try {
        const end = bytes.length - TAG
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV), { authTagLength: TAG })
        decipher.setAAD(Buffer.from(accountId)).setAuthTag(bytes.subarray(end))
        return Buffer.concat([decipher.update(bytes.subarray(IV, end)), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw notOurs(cause)
      }
    },
  }
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
    fix: 'keep every key that secrets were sealed with, behind the newest; a record that was altered has to be restored',
    ...(cause !== undefined && { cause }),
  })
}
