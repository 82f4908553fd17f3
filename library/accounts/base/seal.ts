import { BulwarkError } from '../../core/errors.ts'
import type { PolicyBase } from '../../core/policy.ts'
import { createEncryption } from '../../protections/encryption/index.ts'

/** Keeps a secret that must be read again, so that a stolen database alone is worth nothing. */
export interface Seal {
  /** @throws BulwarkError `BULWARK_KEYS_MISSING` */
  close(secret: string, accountId: string): string
  /** @throws BulwarkError `BULWARK_KEYS_MISSING` when the key is gone, or what is stored was sealed for another account or altered */
  open(sealed: string, accountId: string): string
}

/**
 * Seals in a box of the policy's keys, bound to the account: moved into another record it does not open.
 * **Security**: CWE-311, CWE-326; ASVS 11.3.2, 13.3.3.
 */
export function sealOf(keys: PolicyBase['keys'], app: string, now: () => number): Seal {
  const box = createEncryption({ keys, now }).box(`accounts.${app}.totp`)
  return {
    close: (secret, accountId) => box.seal(secret, { context: accountId }),
    open(sealed, accountId) {
      const secret = box.open(sealed, { context: accountId })
      if (secret === undefined) throw notOurs()
      return secret
    },
  }
}

/** Which of its reasons it was, the box does not tell; none of them is a wrong code. */
function notOurs(): BulwarkError {
  return new BulwarkError('BULWARK_KEYS_MISSING', 'the secret of an authenticator app cannot be opened', {
    at: 'createAccounts({ keys })',
    fix: 'keep every key that secrets were sealed with, as retired; a record that was altered has to be restored',
  })
}
