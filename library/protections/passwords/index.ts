import { acceptableOf, type Checked, type ChoiceOptions, type PersonalWords } from './choosing/check.ts'
import { createPasswords, type Passwords } from './hashing/create.ts'
import type { Verified } from './hashing/hasher.ts'
import type { Strength } from './hashing/strength.ts'

export type { Checked, ChoiceOptions, PasswordProblem, PersonalWords } from './choosing/check.ts'
export { createPasswords, type PasswordSettings, type Passwords } from './hashing/create.ts'
export type { Verified } from './hashing/hasher.ts'
export type { Strength } from './hashing/strength.ts'

let standard: Passwords | undefined

/**
 * Hashes a password for storing, with a salt of its own: argon2id with 19 MiB and 2 passes, as a PHC string of about 100 characters
 * (give the column 255). Where there is no argon2 it is scrypt with 128 MiB.
 *
 * It is normalised (NFKC) first and counts as a whole, however long. Hashing happens in threads of its own, a few at once.
 *
 * **Security**: ask {@link checkPassword} first whether it is one to accept. CWE-916, ASVS 11.4.2, OWASP Password Storage Cheat Sheet.
 * @throws BulwarkError `BULWARK_PASSWORD_INVALID` (status 400), `BULWARK_HASHING_BUSY` (status 503, with `Retry-After`),
 * `BULWARK_HASHING_UNAVAILABLE`, `BULWARK_POLICY_UNSAFE` for a strength below what OWASP allows
 */
export function hashPassword(password: string, strength?: Strength): Promise<string> {
  return (strength === undefined ? (standard ??= createPasswords()) : createPasswords(strength)).hash(password)
}

/**
 * Whether this is the password that was hashed: here, or by another program with argon2, scrypt, PBKDF2 or (with the package
 * `bcryptjs`) bcrypt. Anything else in `stored`, a plain password above all, is never right.
 *
 * Hand in `undefined` when there is no such account: it then takes as long as a wrong password. When the hash is weaker than a new
 * one would be, `rehash` is what to store in its place, if the old one is still there.
 *
 * **Security**: CWE-208, CWE-916, ASVS 6.2.8, 6.3.8.
 * @throws BulwarkError `BULWARK_HASHING_BUSY` (status 503, with `Retry-After`), `BULWARK_HASHING_UNAVAILABLE`, `BULWARK_KEYS_MISSING`
 */
export function verifyPassword(stored: string | null | undefined, password: string): Promise<Verified> {
  standard ??= createPasswords()
  return standard.verify(stored, password)
}

/**
 * Whether a new password may be accepted, and if not, why, in a sentence for the person who chose it.
 *
 * At least 15 characters (8 with a second factor), at most 256, of whatever kind; not one that everybody tries first, no repetition or
 * sequence, and nothing made of the words that are about this person, such as the name and the e-mail address.
 *
 * **Security**: NIST SP 800-63B-4, ASVS 6.2.1, 6.2.4, 6.2.5, 6.2.9.
 */
export function checkPassword(password: string, { words, ...options }: ChoiceOptions & PersonalWords = {}): Checked {
  return acceptableOf(options)(password, { words: words ?? [] })
}
