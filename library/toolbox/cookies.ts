/** What a browser is told about one cookie. */
export interface CookieAttributes {
  readonly path?: string
  readonly domain?: string
  /** Seconds to live; 0 deletes the cookie. */
  readonly maxAge?: number
  readonly expires?: Date
  readonly secure?: boolean
  readonly httpOnly?: boolean
  readonly sameSite?: 'strict' | 'lax' | 'none'
  readonly partitioned?: boolean
}

/** One `Set-Cookie` line, taken apart. */
export interface SetCookie {
  readonly name: string
  readonly value: string
  /** By lower-case name; flags such as `secure` have an empty value. Of repeats the last one counts (RFC 6265, 5.3). */
  readonly attributes: Map<string, string>
}

const MAX_PAIRS = 100
const MAX_COOKIE = 4096
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[!#-+\--:<-[\]-~]*$/
const PATH = /^\/[\x20-\x3a\x3c-\x7e]*$/
const DOMAIN = /^\.?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i

/**
 * The cookies of a `Cookie` header, values exactly as they were sent: nothing is decoded, no quotes are removed.
 * Of repeats the first one counts: browsers send the cookie with the longer path first. Pairs behind the 100th are not read.
 */
export function parseCookies(header: string | undefined): Map<string, string> {
  const cookies = new Map<string, string>()
  if (!header) return cookies
  let from = 0
  for (let pair = 0; pair < MAX_PAIRS && from < header.length; pair++) {
    const semicolon = header.indexOf(';', from)
    const end = semicolon === -1 ? header.length : semicolon
    const equals = header.indexOf('=', from)
    if (equals !== -1 && equals < end) {
      const name = trimmed(header, from, equals)
      if (name !== '' && !cookies.has(name)) cookies.set(name, trimmed(header, equals + 1, end))
    }
    from = end + 1
  }
  return cookies
}

/** The first cookie of that name, without reading the others; as {@link parseCookies} would answer it, but without its limit. */
export function findCookie(header: string | undefined, name: string): string | undefined {
  if (!header || name === '') return undefined
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + 1)) {
    let before = at - 1
    while (before >= 0 && isBlank(header.charCodeAt(before))) before--
    if (before >= 0 && header.charCodeAt(before) !== 0x3b) continue
    let after = at + name.length
    while (isBlank(header.charCodeAt(after))) after++
    if (header.charCodeAt(after) !== 0x3d) continue
    const semicolon = header.indexOf(';', after)
    return trimmed(header, after + 1, semicolon === -1 ? header.length : semicolon)
  }
  return undefined
}

/** Whether the text may name a cookie: a token of RFC 9110, 5.6.2. */
export function isCookieName(text: string): boolean {
  return NAME.test(text)
}

/**
 * Writes one `Set-Cookie` line. Throws a `TypeError` for a name, value, path or domain that no cookie can have, for a cookie that browsers
 * would drop (a `__Host-` or `__Secure-` name without what it promises, `SameSite=None` or `Partitioned` without `Secure`, over 4,096 bytes),
 * and for a lifetime that is no number of seconds. The value is written as it is: encode what is not printable ASCII.
 *
 * **Security**: a value with `;` or a line break would otherwise add attributes or headers. Source: RFC 6265bis.
 */
export function formatCookie(name: string, value: string, attributes: CookieAttributes = {}): string {
  const { path, domain, maxAge, expires, secure, httpOnly, sameSite, partitioned } = attributes
  refuseIf(!NAME.test(name), 'the name has a character that cookie names must not have')
  refuseIf(!VALUE.test(value), 'the value has a character that cookie values must not have')
  refuseIf(name.length + value.length > MAX_COOKIE, 'name and value have over 4,096 bytes')
  refuseIf(path !== undefined && !PATH.test(path), 'the path is not printable ASCII after a slash')
  refuseIf(domain !== undefined && (domain.length > 254 || !DOMAIN.test(domain)), 'the domain is no host name')
  refuseIf(maxAge !== undefined && !Number.isSafeInteger(maxAge), 'the lifetime is not a whole number of seconds')
  refuseIf(expires !== undefined && Number.isNaN(expires.getTime()), 'the expiry is no date')
  refuseIf(!secure && /^__(?:secure|host)-/i.test(name), 'a name with this prefix needs Secure')
  refuseIf(/^__host-/i.test(name) && (path !== '/' || domain !== undefined), '__Host- needs Path=/ and no Domain')
  refuseIf(!secure && (sameSite === 'none' || partitioned === true), 'SameSite=None and Partitioned need Secure')
  let line = `${name}=${value}`
  if (path !== undefined) line += `; Path=${path}`
  if (domain !== undefined) line += `; Domain=${domain}`
  if (maxAge !== undefined) line += `; Max-Age=${maxAge}`
  if (expires !== undefined) line += `; Expires=${expires.toUTCString()}`
  if (httpOnly) line += '; HttpOnly'
  if (secure) line += '; Secure'
  if (sameSite !== undefined) line += `; SameSite=${sameSiteName(sameSite)}`
  if (partitioned) line += '; Partitioned'
  return line
}

/** Takes a `Set-Cookie` line apart as a browser does (RFC 6265bis, 5.6). A line without `=` is a value without a name. */
export function parseSetCookie(line: string): SetCookie {
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const attributes = new Map<string, string>()
  for (const part of rest) {
    const [name, value] = halves(part)
    if (name !== '') attributes.set(name.toLowerCase(), value)
  }
  if (equals === -1) return { name: '', value: pair.trim(), attributes }
  const [name, value] = halves(pair)
  return { name, value, attributes }
}

function halves(text: string): [string, string] {
  const equals = text.indexOf('=')
  return equals === -1 ? [text.trim(), ''] : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()]
}

function sameSiteName(sameSite: string): string {
  refuseIf(!/^(?:strict|lax|none)$/.test(sameSite), 'sameSite is one of strict, lax, none')
  return sameSite.charAt(0).toUpperCase() + sameSite.slice(1)
}

/** Never repeats the value: it may be a secret. */
function refuseIf(condition: boolean, why: string): void {
  if (condition) throw new TypeError(`This cookie cannot be set: ${why}`)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function trimmed(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}
