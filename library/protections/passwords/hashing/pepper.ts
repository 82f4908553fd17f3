import { createHmac } from 'node:crypto'
import { BulwarkError } from '../../../core/errors.ts'
import type { KeyRing } from '../../../core/keys.ts'
import { perVersion } from '../../../toolbox/per-version.ts'

/** A secret that passwords go through before they are hashed, kept apart from the database. */
export interface Pepper {
  /** Of the newest key; it stands in the stored hash. */
  readonly id: string
  /** What is hashed in place of the password. @throws BulwarkError `BULWARK_KEYS_MISSING` for the id of a key that is gone */
  apply(password: string, id: string): string
}

/**
 * Makes the pepper from the policy's keys. A revoked key opens nothing any more, passwords included: retire it instead.
 * **Security**: each key goes through HMAC first, so that a signature made with it for something else says nothing here.
 */
export function pepperOf(ring: KeyRing): Pepper {
  const current = perVersion(ring, () => {
    const known = new Map<string, Buffer>()
    let newest: string | undefined
    for (const { secret: key, state } of ring.usable('passwords')) {
      const secret = createHmac('sha256', key).update('bulwark password pepper').digest()
      const id = createHmac('sha256', secret).update('id').digest('base64').slice(0, 8)
      known.set(id, secret)
      if (state === 'active') newest ??= id
    }
    if (newest !== undefined) return { known, newest }
    throw new BulwarkError('BULWARK_KEYS_MISSING', 'a pepper is made from a key, and there is none', {
      at: 'policy.passwords.pepper',
      fix: 'set keys to a secret of 32 or more random characters from the environment, or leave pepper out',
    })
  })
  current()
  return {
    get id() {
      return current().newest
    },
    apply(password, id) {
      const secret = current().known.get(id)
      if (secret !== undefined) return createHmac('sha256', secret).update(password).digest('base64')
      throw missingKey()
    },
  }
}

/** Nobody could sign in, and nothing would say why: this is a mistake in the policy and no wrong password. */
export function missingKey(): BulwarkError {
  return new BulwarkError(
    'BULWARK_KEYS_MISSING',
    'a stored password was hashed with a key that the policy does not have',
    {
      at: 'policy.keys',
      fix: 'keep every key that passwords were hashed with, behind the newest, and leave passwords.pepper on',
    },
  )
}
