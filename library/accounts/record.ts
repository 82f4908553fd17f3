import { BulwarkError } from '../core/errors.ts'
import { fromText, toText } from '../toolbox/storable-text.ts'
import { emailKey } from './email.ts'
import type { Account, AccountPage, NewAccount } from './store.ts'

/** One account as any database can hold it: two keys, a text to search, and the rest as JSON. */
export interface AccountRow {
  /** The primary key, up to 1,539 bytes. Compare it byte by byte: a collation that ignores case, accents or blanks at the end makes two people one. */
  readonly id: string
  /** Unique where it is not `null`, up to 1,024 bytes, compared byte by byte. */
  readonly email: string | null
  /** What {@link AccountPage.search} is looked for in. */
  readonly search: string
  /** JSON without control characters and lone surrogates, up to 256 kB. */
  readonly body: string
  readonly version: number
}

const LONGEST_ID = 256
const MOST = 256 * 1024
const MOST_EMAIL = 1024
const MOST_SEARCHED = 2000

/**
 * Makes the row of an account. Every store that keeps rows goes through it, so that all of them mean the same by an id, an address and a search.
 *
 * @throws BulwarkError `BULWARK_ACCOUNT_INVALID`
 */
export function toRow(account: NewAccount, version: number): AccountRow {
  const { id, name } = account
  const email = account.email === undefined ? null : toEmailColumn(account.email)
  if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID) {
    throw invalid(
      'the id of an account has 1 to 256 characters',
      'leave ids to createAccounts(), or use a database key',
    )
  }
  if (email !== null && (email === '' || Buffer.byteLength(email) > MOST_EMAIL)) {
    throw invalid(
      'this is no e-mail address',
      'leave it out where there is none, and ask parseEmail() about what is typed',
    )
  }
  let body: string
  try {
    body = JSON.stringify({ ...account, version: undefined })
  } catch (cause) {
    throw invalid(
      'an account holds only what JSON can hold',
      'make attributes of texts, numbers, lists, objects',
      cause,
    )
  }
  if (body.length > MOST) throw invalid('an account holds up to 256 kB', 'keep what is large in a table of its own')
  const search = toSearchable(`${account.email ?? ''}\n${name ?? ''}`)
  return { id: toText(id), email, search, body, version }
}

/**
 * Reads what {@link toRow} made.
 *
 * @throws BulwarkError `BULWARK_ACCOUNT_INVALID` for a body that is no account: half an account must not sign in without its second factor
 */
export function fromRow(row: Pick<AccountRow, 'id' | 'body' | 'version'>): Account {
  let value: unknown
  try {
    value = JSON.parse(row.body)
  } catch (cause) {
    throw unreadable(cause)
  }
  // A driver may hand out big integers as texts.
  const version = Number(row.version)
  const account = { ...(value as Account), version }
  if (!isAccount(account) || account.id !== fromText(row.id)) throw unreadable()
  return account
}

/** How an id is written into its column, for looking it up. */
export function toIdColumn(id: string): string {
  return toText(id)
}

/** How an e-mail address is written into its column, for looking it up. */
export function toEmailColumn(email: string): string {
  return toText(emailKey(email))
}

/** A page with its limit checked and its texts as the columns have them. `search` is `''` when everything is wanted. */
export interface PageQuery {
  readonly limit: number
  readonly after: string | undefined
  readonly search: string
}

/** @throws BulwarkError `BULWARK_ACCOUNT_INVALID` for a limit that is no whole number from 1 to 1,000 */
export function toPageQuery({ limit, after, search }: AccountPage): PageQuery {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw invalid('a page has 1 to 1,000 accounts', 'hand in list({ limit }) with a whole number')
  }
  return { limit, after: after === undefined ? undefined : toText(after), search: toSearchable(search ?? '') }
}

/** Without case, and without what some database cannot hold: NUL and other control characters, and lone surrogates. */
function toSearchable(text: string): string {
  return text
    .slice(0, MOST_SEARCHED)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\0-\x09\x0b-\x1f\x7f\p{Cs}]/gu, '')
}

function isAccount(value: Partial<Account>): value is Account {
  const { id, email, emailVerified, passwordHash, roles, recoveryCodes, passkeys, attributes, created, version } = value
  return (
    typeof id === 'string' &&
    (email === undefined || typeof email === 'string') &&
    typeof emailVerified === 'boolean' &&
    (passwordHash === undefined || typeof passwordHash === 'string') &&
    Array.isArray(roles) &&
    Array.isArray(recoveryCodes) &&
    Array.isArray(passkeys) &&
    typeof attributes === 'object' &&
    attributes !== null &&
    typeof created === 'number' &&
    Number.isSafeInteger(version)
  )
}

function invalid(what: string, fix: string, cause?: unknown): BulwarkError {
  return new BulwarkError('BULWARK_ACCOUNT_INVALID', what, { fix, ...(cause !== undefined && { cause }) })
}

function unreadable(cause?: unknown): BulwarkError {
  return invalid(
    'what is stored is no account',
    'restore the record: it was written by something else, or cut short',
    cause,
  )
}
