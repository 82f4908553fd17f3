import { BulwarkError } from '../../../core/errors.ts'
import { parseCidr, parseIp } from '../../../toolbox/ip.ts'
import { parseUrl } from '../../../toolbox/url.ts'
import { exactDate } from '../exact.ts'
import { type Lengths, line, lines, name } from './lengths.ts'
import { loadChecks } from './packages.ts'
import { checkCount, patternSchema, type TextSchema, textSchema } from './schema.ts'

export interface UrlOptions {
  /** Without colon. @default ['https', 'http'] */
  readonly schemes?: readonly string[]
  /** Characters. @default 2048 */
  readonly most?: number
}

export interface DecimalOptions {
  /** Digits before the point. @default 15 */
  readonly digits?: number
  /** Digits behind it. @default 2 */
  readonly places?: number
}

export interface IntegerOptions {
  readonly least?: number | bigint
  readonly most?: number | bigint
}

/**
 * Checks for texts that come up in every app, each a Standard Schema with a message that says what is wanted.
 *
 * Texts stay as they came: nothing is trimmed, folded or turned into another type.
 * **Security**: CWE-20, CWE-1333, CWE-176; ASVS 5.0 1.1.1, 2.2.1.
 */
export interface TextKit {
  /** @throws BulwarkError `BULWARK_SCHEMA_INVALID` on bad limits, like all that take options */
  line(lengths?: Lengths): TextSchema
  lines(lengths?: Lengths): TextSchema
  name(lengths?: Lengths): TextSchema
  /** An address to write to, without display name, quotes or address literals. Needs `validator`. @throws BulwarkError `BULWARK_PACKAGE_MISSING` */
  email(): TextSchema
  /** A domain name with a top-level domain, such as `www.example.org`. Needs `validator`. @throws BulwarkError `BULWARK_PACKAGE_MISSING` */
  host(): TextSchema
  /** An ISO 3166-1 code of two capital letters. Needs `validator`. @throws BulwarkError `BULWARK_PACKAGE_MISSING` */
  country(): TextSchema
  /**
   * An absolute URL of one of the schemes. **Security**: no name or password in it, no backslash, no blank, which browsers and libraries read in
   * different ways (CWE-436, CWE-601). It may still name any host: whoever calls it needs a protection against SSRF.
   */
  url(options?: UrlOptions): TextSchema
  /** Small letters and digits, with single hyphens between them. */
  slug(lengths?: Pick<Lengths, 'most'>): TextSchema
  /** RFC 9562, of any version unless one is named. */
  uuid(version?: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8): TextSchema
  /** An address of four parts in plain decimals, or of IPv6; without a zone. */
  ip(version?: 4 | 6): TextSchema
  /** A block of addresses, such as `10.0.0.0/8`: with its prefix, and no bits behind it. */
  cidr(): TextSchema
  /** A day that the calendar has: `2026-01-31`. */
  date(): TextSchema
  /** A moment after RFC 3339 with its offset: `2026-01-31T09:30:00Z`. */
  moment(): TextSchema
  /** A telephone number after ITU-T E.164: `+4930123456`. */
  phone(): TextSchema
  /** A colour in hexadecimal, of 3, 4, 6 or 8 digits: `#1a2b3c`. */
  colour(): TextSchema
  /** A JSON text. @default at most 10,000 characters */
  json(lengths?: Pick<Lengths, 'most'>): TextSchema
  /** Base64 with its padding, or the URL alphabet without; only what an encoder would write. @default at most 10,000 characters */
  base64(options?: Pick<Lengths, 'most'> & { readonly url?: boolean }): TextSchema
  /** A whole number of up to 30 digits that stays a text, so that none of it is lost. */
  integer(options?: IntegerOptions): TextSchema
  /** A decimal fraction that stays a text, such as an amount of money. */
  decimal(options?: DecimalOptions): TextSchema
}

/** Checks for common texts: `text.email()`, `text.name({ least: 3, most: 45 })`. See {@link TextKit}. */
export const text: TextKit = {
  line,
  lines,
  name,
  email() {
    const { isEmail } = loadChecks('text.email()')
    const message = 'must be an e-mail address such as name@example.org'
    return textSchema(message, 254, (value) =>
      !value.includes('"') && isEmail(value, { ignore_max_length: false }) ? undefined : message,
    )
  },
  host() {
    const { isFQDN } = loadChecks('text.host()')
    const message = 'must be a host name such as www.example.org'
    return textSchema(message, 253, (value) => (isFQDN(value) ? undefined : message))
  },
  country() {
    const { isISO31661Alpha2 } = loadChecks('text.country()')
    const message = 'must be a country code of two capital letters, such as DE'
    return textSchema(message, 2, (value) =>
      /^[A-Z]{2}$/.test(value) && isISO31661Alpha2(value) ? undefined : message,
    )
  },
  url({ schemes = ['https', 'http'], most = 2048 } = {}) {
    const allowed = new Set(schemes.map(checkScheme))
    const message = `must be a URL that begins with ${[...allowed].join('// or ')}//, without a name or password`
    return textSchema(message, checkCount(most, 8, 'text.url({ most })'), (value) =>
      isPlainUrl(value, allowed) ? undefined : message,
    )
  },
  slug({ most = 100 } = {}) {
    const message = 'must be small letters and digits with single hyphens between them'
    return patternSchema(message, checkCount(most, 1, 'text.slug({ most })'), /^[a-z0-9]+(?:-[a-z0-9]+)*$/)
  },
  uuid(version) {
    const digit = version === undefined ? '[1-8]' : String(checkCount(version, 1, 'text.uuid(version)'))
    const pattern = new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${digit}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, 'i')
    return patternSchema(`must be a UUID${version === undefined ? '' : ` of version ${version}`}`, 36, pattern)
  },
  ip(version) {
    const message = `must be an ${version === undefined ? 'IP' : `IPv${version}`} address`
    return textSchema(message, 45, (value) => {
      const isRight = version === undefined || value.includes(':') === (version === 6)
      return isRight && !value.includes('%') && parseIp(value) !== undefined ? undefined : message
    })
  },
  cidr() {
    const message = 'must be a block of addresses such as 10.0.0.0/8'
    return textSchema(message, 49, (value) =>
      value.includes('/') && parseCidr(value) !== undefined ? undefined : message,
    )
  },
  date() {
    const message = 'must be a date such as 2026-01-31'
    return textSchema(message, 10, (value) =>
      value.length === 10 && exactDate(value) !== undefined ? undefined : message,
    )
  },
  moment() {
    const message = 'must be a moment such as 2026-01-31T09:30:00Z'
    return textSchema(message, 35, (value) =>
      /T.+(?:Z|[+-]\d\d:\d\d)$/.test(value) && exactDate(value) !== undefined ? undefined : message,
    )
  },
  phone() {
    return patternSchema('must be a telephone number such as +4930123456', 16, /^\+[1-9]\d{6,14}$/)
  },
  colour() {
    return patternSchema('must be a colour such as #1a2b3c', 9, /^#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i)
  },
  json({ most = 10_000 } = {}) {
    const limit = checkCount(most, 1, 'text.json({ most })')
    const message = `must be JSON of at most ${limit} characters`
    return textSchema(message, limit, (value) => (isJson(value) ? undefined : message))
  },
  base64({ most = 10_000, url = false } = {}) {
    const limit = checkCount(most, 1, 'text.base64({ most })')
    const encoding = url ? 'base64url' : 'base64'
    const message = `must be ${url ? 'URL-safe Base64' : 'Base64'} of at most ${limit} characters`
    return textSchema(message, limit, (value) =>
      value !== '' && Buffer.from(value, encoding).toString(encoding) === value ? undefined : message,
    )
  },
  integer({ least, most } = {}) {
    const [from, to] = [toBound(least, 'least'), toBound(most, 'most')]
    const message = `must be a whole number${from === undefined ? '' : `, at least ${from}`}${to === undefined ? '' : `, at most ${to}`}`
    return textSchema(message, 31, (value) => {
      if (!/^(?:0|-?[1-9]\d{0,29})$/.test(value)) return message
      const number = BigInt(value)
      return (from !== undefined && number < from) || (to !== undefined && number > to) ? message : undefined
    })
  },
  decimal({ digits = 15, places = 2 } = {}) {
    const before = checkCount(digits, 1, 'text.decimal({ digits })')
    const behind = checkCount(places, 0, 'text.decimal({ places })')
    const message = `must be a number of up to ${before} digits${behind === 0 ? '' : `, and up to ${behind} behind the point`}`
    return textSchema(message, before + behind + 2, (value) => {
      const [, whole, part = ''] = /^-?(0|[1-9]\d*)(?:\.(\d+))?$/.exec(value) ?? []
      return whole !== undefined && whole.length <= before && part.length <= behind ? undefined : message
    })
  },
}

/** Run by the browser of whoever follows such a link; no list of harmless schemes may hold them. */
const RUNS: ReadonlySet<string> = new Set(['javascript', 'data', 'vbscript'])

function checkScheme(scheme: string): string {
  const plain = String(scheme).toLowerCase()
  if (/^[a-z][a-z0-9+.-]*$/.test(plain) && !RUNS.has(plain)) return `${plain}:`
  throw new BulwarkError('BULWARK_SCHEMA_INVALID', 'this is no scheme of a harmless URL', {
    at: 'text.url({ schemes })',
    fix: "name schemes without colon, such as ['https']",
  })
}

function isPlainUrl(value: string, allowed: ReadonlySet<string>): boolean {
  // Parsers disagree about each of these, and the one that matters is somebody else's.
  if (/[\s\\]/.test(value) || !/^[a-z][a-z0-9+.-]*:\/\/[^/?#@]+(?:[/?#]|$)/i.test(value)) return false
  const url = parseUrl(value)
  return (
    url !== undefined && allowed.has(url.protocol) && url.hostname !== '' && url.username === '' && url.password === ''
  )
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value)
    return true
  } catch {
    return false
  }
}

function toBound(value: number | bigint | undefined, key: string): bigint | undefined {
  if (value === undefined || typeof value === 'bigint') return value
  if (Number.isSafeInteger(value)) return BigInt(value)
  throw new BulwarkError('BULWARK_SCHEMA_INVALID', 'this is no whole number that JavaScript can hold exactly', {
    at: `text.integer({ ${key} })`,
    fix: 'use a whole number, or a bigint such as 10n ** 20n',
  })
}
