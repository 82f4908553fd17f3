import type { Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { createPasswords, type PasswordSettings, type Passwords } from './hashing/create.ts'
import type { Notice } from './hashing/hasher.ts'

/** How passwords are chosen and hashed. Nothing is denied here, so `mode` makes no difference. */
export interface PasswordsOptions extends CommonOptions, PasswordSettings {}

declare module '../../core/security.ts' {
  interface Security {
    /** Hashes and verifies passwords, and says which ones are too easy to guess. */
    readonly passwords: Passwords
  }
}

const SILENT = 60_000

/**
 * Gives routes `req.security.passwords`, with the settings of the policy. It looks at no request: which field is a password, and
 * what happens to it, only the app knows.
 *
 * **Security**: CWE-256, CWE-521, CWE-916; ASVS 6.2.1, 6.2.4, 6.2.5, 6.2.8, 6.2.9, 11.4.2; NIST SP 800-63B-4.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_POLICY_UNSAFE`, `BULWARK_DURATION_INVALID`, `BULWARK_KEYS_MISSING`
 */
export function passwords(options: PasswordsOptions, setup: Setup): Guard {
  const told = new Map<Notice, number>()
  const made = createPasswords(
    { ...options, words: [setup.app, ...(options.words ?? [])] },
    {
      keys: setup.ring,
      onNotice(notice) {
        const last = told.get(notice)
        if (last !== undefined && (notice !== 'busy' || setup.now() - last < SILENT)) return
        told.set(notice, setup.now())
        setup.report({ guard: 'passwords', ...NOTICES[notice] })
      },
    },
  )
  const { minLength, maxLength } = options
  if ((minLength !== undefined && minLength < 8) || (maxLength !== undefined && maxLength < 64)) {
    setup.report({
      guard: 'passwords',
      risk: 'weak-password',
      reason: 'the policy allows passwords of less than 8 characters, or none of 64',
      fix: 'leave minLength and maxLength out; long passwords need no other rules',
    })
  }
  return { name: 'passwords', phase: 'input', offers: { passwords: () => made } }
}

const NOTICES: Readonly<Record<Notice, { readonly risk: string; readonly reason: string; readonly fix: string }>> = {
  'no argon2': {
    risk: 'weak-password-hash',
    reason:
      'argon2id is not available, so passwords are hashed with scrypt, which takes 128 MiB and about a second each',
    fix: 'npm install @node-rs/argon2, or use Node.js 24.7 or later',
  },
  unreadable: {
    risk: 'plain-password',
    reason: 'a stored password is no hash that can be read, so nobody can sign in with it',
    fix: 'have its owner choose a new one, and look how it got into the database',
  },
  busy: {
    risk: 'hashing-flood',
    reason: 'sign-ins are refused, because more passwords are waiting than can be hashed in time',
    fix: 'limit sign-ins per client and account; if they are honest, raise passwords.workers or add machines',
  },
}
