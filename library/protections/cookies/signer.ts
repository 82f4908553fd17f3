import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { BulwarkError } from '../../core/errors.ts'
import type { KeyRing } from '../../core/keys.ts'
import { toRing } from '../../keys/ring.ts'
import { type CookieAttributes, findCookie, formatCookie } from '../../toolbox/cookies.ts'
import { perVersion } from '../../toolbox/per-version.ts'
import { constantTimeEqual, hmac } from '../../toolbox/tokens.ts'

export interface CookieSettings {
  /** Seconds to live; without it the cookie goes when the browser closes. A signed cookie is not believed for longer either. */
  readonly maxAge?: number
  /** @default 'lax' */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /**
   * Lets the page's scripts read the cookie.
   * **Security**: then injected scripts can read it too (CWE-1004).
   * @default false
   */
  readonly readable?: boolean
  /**
   * **Security**: what is not signed is whatever the client says.
   * @default true
   */
  readonly signed?: boolean
  /**
   * Anything but `/` costs the `__Host-` prefix, which needs it; the cookie is then called `__Secure-…`.
   * @default '/'
   */
  readonly path?: string
}

/** How a cookie was set decides how it is found again. */
export type CookieKind = Pick<CookieSettings, 'signed' | 'path'>

export interface CookieSigner {
  /**
   * The `Set-Cookie` line for a value, any string.
   * @throws BulwarkError `BULWARK_COOKIE_INVALID`
   */
  seal(name: string, value: string, settings?: CookieSettings): string
  /** The value in a `Cookie` header, if it was sealed here for this name and has not expired. */
  open(header: string | undefined, name: string, kind?: CookieKind): string | undefined
  /** The `Set-Cookie` line that makes the browser forget it. */
  clear(name: string, kind?: CookieKind): string
}

export interface CookieSignerOptions {
  /** The app's name: two apps on one host do not see each other's cookies. */
  readonly app: string
  /** Texts, newest first: every one of them opens, the first one seals. Or a ring, whose keys may change. */
  readonly keys: readonly string[] | KeyRing
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

const MAX_AGE = 400 * 24 * 60 * 60

/**
 * Seals values into cookies and opens them, for code that has no request at hand; routes use `req.security.cookies`.
 *
 * **Security**: HMAC-SHA-256 over name, value and expiry with a key made for this purpose alone, compared in constant time. It is signed
 * and not encrypted: the visitor can read the value (CWE-565, ASVS 3.3.1 to 3.3.4).
 * @throws BulwarkError `BULWARK_KEYS_MISSING`
 */
export function cookieSigner({ app, keys, now = Date.now }: CookieSignerOptions): CookieSigner {
  const ring = toRing(keys, { now })
  const signing = perVersion(ring, () => {
    const usable = ring.usable('cookies')
    // A ring whose newest key only waits for its time has nothing to sign with.
    if (usable[0]?.state !== 'active') throw missing()
    return usable.map(({ secret }) => purposeKey(secret, app))
  })
  signing()

  const seal = (name: string, value: string, settings: CookieSettings = {}): string => {
    const { maxAge, signed = true, readable = false, sameSite = 'lax', path = '/' } = settings
    if (maxAge !== undefined && (!Number.isSafeInteger(maxAge) || maxAge < 1 || maxAge > MAX_AGE)) {
      throw invalid(name, 'its maxAge is not a whole number of seconds up to 400 days')
    }
    const full = fullName(app, name, path)
    const plain = encode(value)
    let text = plain
    if (signed) {
      const expires = maxAge === undefined ? 0 : Math.floor(now() / 1000) + maxAge
      const body = `${plain}.${expires.toString(36)}`
      text = `${body}.${sign(signing()[0], full, body)}`
    }
    return line(name, full, text, {
      path,
      secure: true,
      httpOnly: !readable,
      sameSite,
      ...(maxAge !== undefined && { maxAge }),
    })
  }

  return {
    seal,
    open(header, name, { signed = true, path = '/' } = {}) {
      const full = fullName(app, name, path)
      const text = findCookie(header, full)
      if (text === undefined) return undefined
      if (!signed) return decode(text)
      const end = text.lastIndexOf('.')
      const dot = text.lastIndexOf('.', end - 1)
      if (dot <= 0 || end === dot) return undefined
      const body = text.slice(0, end)
      const given = text.slice(end + 1)
      if (!signing().some((key) => constantTimeEqual(given, sign(key, full, body)))) return undefined
      const expires = Number.parseInt(body.slice(dot + 1), 36)
      if (expires !== 0 && expires * 1000 <= now()) return undefined
      return decode(body.slice(0, dot))
    },
    clear(name, { path = '/' } = {}) {
      const attributes: CookieAttributes = { path, secure: true, httpOnly: true, sameSite: 'lax', maxAge: 0 }
      return line(name, fullName(app, name, path), '', attributes)
    },
  }
}

function missing(): BulwarkError {
  return new BulwarkError('BULWARK_KEYS_MISSING', 'signing a cookie needs a key', {
    at: 'policy.keys',
    fix: 'set keys to a secret of 32 or more random characters from the environment, the same in every process',
  })
}

/** A signature made for a cookie must not open anything else that the same key signs. */
function purposeKey(key: string, app: string): KeyObject {
  return createSecretKey(createHmac('sha256', key).update(`bulwark cookie ${app}`).digest())
}

function sign(key: KeyObject | undefined, name: string, body: string): string {
  // A cookie's name has no "=", so one text cannot stand for two pairs of name and value.
  return key === undefined ? '' : hmac(key, `${name}=${body}`)
}

function fullName(app: string, name: string, path: string): string {
  return path === '/' ? `__Host-${app}-${name}` : `__Secure-${app}-${name}`
}

function line(name: string, full: string, text: string, attributes: CookieAttributes): string {
  try {
    return formatCookie(full, text, attributes)
  } catch (error) {
    throw invalid(name, error instanceof Error ? error.message : 'it is not valid')
  }
}

function invalid(name: string, why: string): BulwarkError {
  return new BulwarkError('BULWARK_COOKIE_INVALID', why, {
    at: `cookies.set(${JSON.stringify(name.slice(0, 64))})`,
    fix: 'use a short name of letters, digits and hyphens, and keep what is large in the session or in the database',
  })
}

/** A letter says which of three ways was taken, so that any string comes back as it was, lone surrogates included. */
function encode(value: string): string {
  if (/^[\w-]*$/.test(value)) return `p${value}`
  // `isWellFormed` is newer than the library's lib setting, and `encodeURIComponent` throws for exactly the same strings.
  return isWellFormed(value)
    ? `u${Buffer.from(value, 'utf8').toString('base64url')}`
    : `w${Buffer.from(value, 'utf16le').toString('base64url')}`
}

function decode(text: string): string | undefined {
  const rest = text.slice(1)
  switch (text.charAt(0)) {
    case 'p':
      return rest
    case 'u':
      return Buffer.from(rest, 'base64url').toString('utf8')
    case 'w':
      return Buffer.from(rest, 'base64url').toString('utf16le')
    default:
      return undefined
  }
}

function isWellFormed(text: string): boolean {
  try {
    encodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
