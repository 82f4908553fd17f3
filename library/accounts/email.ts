import { domainToASCII } from 'node:url'

/** RFC 5321, section 4.5.3.1: a path has 256 octets with its angle brackets, and its local part 64. */
const LONGEST = 254
const LONGEST_LOCAL = 64
/** Letters and signs that need no quotes (RFC 5322 atext), and what lies outside of ASCII (RFC 6531). */
const ATOM = /^[\w!#$%&'*+/=?^`{|}~\u0080-\uffff-]+(?:\.[\w!#$%&'*+/=?^`{|}~\u0080-\uffff-]+)*$/
const DOMAIN = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/
/** Blanks, control and invisible characters, lone surrogates, and what turns the direction of writing. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u

/**
 * Reads an e-mail address as a person types it into a form, without blanks around it; `undefined` for what is none.
 *
 * Quoted local parts, comments, address literals and hosts without a dot are legal mail and no account: they are refused.
 * **Security**: no line break, blank or invisible character is left that could end a mail header or make two addresses look alike (CWE-93).
 */
export function parseEmail(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > 4 * LONGEST) return undefined
  const address = text.trim().normalize('NFC')
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at)
  const domain = domainToASCII(address.slice(at + 1))
  if (at < 1 || UNPRINTABLE.test(address) || !ATOM.test(local) || !DOMAIN.test(domain)) return undefined
  return octets(address) <= LONGEST && octets(local) <= LONGEST_LOCAL ? address : undefined
}

/**
 * What makes two addresses the same account: the whole address in compatible characters (NFKC) and lower case, the domain as the name system
 * knows it.
 *
 * The local part is lower-cased although RFC 5321 would let a mail server tell `Ann` from `ann`: none does that matters, and two accounts that
 * differ only in case are made to be confused (CWE-178). Dots and `+tags` stay: which of them mean nothing is each provider's own affair.
 * **Security**: only for comparing. Mail goes to the address that was stored, never to the one that was typed or to a key: another
 * person's mailbox may fold to the same key (CWE-176).
 */
export function emailKey(email: string): string {
  const folded = fold(email)
  const at = folded.lastIndexOf('@')
  const domain = domainToASCII(folded.slice(at + 1))
  return at === -1 || domain === '' ? folded : `${folded.slice(0, at)}@${domain}`
}

/** Lower-casing can bring up what NFKC would change, and the other way round; a second time changes nothing more. */
function fold(text: string): string {
  const once = text.trim().normalize('NFKC').toLowerCase().normalize('NFKC')
  return once.toLowerCase().normalize('NFKC')
}

function octets(text: string): number {
  return Buffer.byteLength(text)
}
