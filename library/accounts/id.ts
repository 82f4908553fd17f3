import { randomHex } from '../toolbox/tokens.ts'

/**
 * Makes the id of a new account: a UUID of version 7 (RFC 9562), so that accounts are stored and listed in the order of their making.
 * **Security**: it tells when the account was made, and otherwise has 74 random bits; nothing may be open to whoever knows it.
 */
export function newId(now: number): string {
  const time = Math.max(0, Math.floor(now)).toString(16).padStart(12, '0').slice(-12)
  const random = randomHex(10)
  const variant = ((Number.parseInt(random.slice(3, 4), 16) & 0x3) | 0x8).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`
}
