import { hash } from 'node:crypto'

/** More than any name or address has. What stands behind it only costs time. */
const LONGEST = 512

/**
 * What limits count an account by: a digest of the name as a careless database compares it, without case, accents, invisible characters
 * and blanks around it.
 *
 * **Security**: MySQL's default collation takes `ádmin ` for `admin`. If the two were counted apart, each spelling would bring new guesses
 * (CWE-178). Counting two accounts as one only makes them share a limit.
 */
export function accountKey(account: string): string {
  const folded = account
    .slice(0, LONGEST)
    .normalize('NFKD')
    .replace(/[\p{M}\p{C}]/gu, '')
    .toUpperCase()
    .toLowerCase()
    .trim()
  return hash('sha256', folded, 'base64url').slice(0, 32)
}
