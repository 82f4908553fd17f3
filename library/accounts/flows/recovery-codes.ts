import { randomBytes } from 'node:crypto'
import { sha256 } from '../../toolbox/tokens.ts'

/** Without I, L, O and U (Crockford): what looks like another character is read as that one. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 24
const COUNT = 10

/** Ten codes of 120 random bits each, in groups of four: `7K2M-...`. So many bits need no slow hash (ASVS 6.5.2). */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: COUNT }, () => {
    const letters = Array.from(randomBytes(LENGTH), (byte) => ALPHABET.charAt(byte & 31)).join('')
    return letters.replace(/(.{4})(?=.)/g, '$1-')
  })
}

/** What is stored of a code: nothing that opens anything, and not the same for two accounts. */
export function hashRecoveryCode(accountId: string, code: string): string {
  const letters = code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1')
  return sha256(`recovery code\n${accountId}\n${letters}`)
}
