import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Guard } from '../../core/guard.ts'
import type { KeyRing } from '../../core/keys.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { isCookieName } from '../../toolbox/cookies.ts'
import { isLoopbackHost } from '../../toolbox/origins.ts'
import { randomToken } from '../../toolbox/tokens.ts'
import { type Flaw, type Hardening, harden } from './harden.ts'
import { isDefaultName } from './names.ts'
import { type CookieKind, type CookieSettings, type CookieSigner, cookieSigner } from './signer.ts'

export interface CookiesOptions extends CommonOptions {
  /**
   * Names of cookies that the page's own scripts read, such as `theme`. Those with `csrf` or `xsrf` in them are readable anyway.
   * @default []
   */
  readonly readable?: readonly string[]
  /**
   * Domains that cookies may be shared with, such as `example.com` for an app at `shop.example.com`.
   *
   * **Security**: every host below the domain then gets the cookie, and can set it.
   * @default []
   */
  readonly domains?: readonly string[]
}

/** Cookies of the app's own, sealed so that nobody can change them. */
export interface Cookies {
  /** Any string. Later calls for the same name win. @throws BulwarkError `BULWARK_COOKIE_INVALID`, `BULWARK_KEYS_MISSING` */
  set(name: string, value: string, settings?: CookieSettings): void
  /** The value that `set` wrote, or `undefined` when there is none, it expired, or anybody changed it. */
  get(name: string, kind?: CookieKind): string | undefined
  clear(name: string, kind?: CookieKind): void
}

declare module '../../core/security.ts' {
  interface Security {
    /** Signed cookies: `__Host-`, Secure, HttpOnly and SameSite=Lax unless asked otherwise. */
    readonly cookies: Cookies
  }
}

const MOST_TOLD = 100
const MAX_COOKIE = 4096
const DOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/

let processKey: string | undefined

/**
 * Gives every cookie that leaves the flags it lacks: Secure, HttpOnly, SameSite=Lax, and no wider domain than the host's own.
 *
 * In `observe` mode cookies stay as they are, and what they lack is reported. On plain-http development hosts Secure is not added.
 *
 * **Security**: CWE-614, CWE-1004, CWE-1275; ASVS 3.3.1 to 3.3.5; RFC 6265bis.
 * @throws BulwarkError `BULWARK_COOKIE_INVALID`
 */
export function cookies({ readable = [], domains = [], mode }: CookiesOptions, setup: Setup): Guard {
  const readableNames = new Set(readable.map(checkName))
  const sharedDomains = new Set(domains.map(checkDomain))
  const observe = (mode ?? setup.mode) === 'observe'
  const isPublicHttps = setup.origins.length > 0 && setup.origins.every((origin) => origin.startsWith('https:'))
  const told = new Set<string>()
  /** What `set` and `clear` wrote. Frameworks keep headers of their own until the head leaves, so these are added only then. */
  const written = new WeakMap<Exchange, Map<string, string>>()
  let isUsed = false
  let signer: CookieSigner | undefined

  const tell = (x: Exchange, key: string, risk: string, reason: string, fix: string): void => {
    if (told.size >= MOST_TOLD || told.has(key)) return
    told.add(key)
    x.report({ guard: 'cookies', risk, reason, fix, ...(observe && { outcome: 'observed' as const }) })
  }

  const hardeningOf = (x: Exchange): Hardening => ({
    secure: x.request.secure || (isPublicHttps && !isLoopbackHost(x.request.host)),
    host: x.request.host.replace(/:\d+$/, '').toLowerCase(),
    readable: readableNames,
    domains: sharedDomains,
  })

  const tellAbout = (x: Exchange, name: string, line: string, flaws: readonly Flaw[]): void => {
    const shown = isCookieName(name) && name.length <= 64 ? name : '(a name that no cookie can have)'
    if (isDefaultName(name)) {
      tell(
        x,
        `name ${name}`,
        'default-cookie-name',
        `the cookie ${shown} has the name that its package gives to every app`,
        `give it a name of your own with the prefix that binds it to this host, such as __Host-${setup.app}-session`,
      )
    }
    if (nameAndValue(line) > MAX_COOKIE) {
      tell(
        x,
        `size ${name}`,
        'oversized-cookie',
        `the cookie ${shown} has over 4,096 bytes, so browsers drop it`,
        'keep the data on the server and put only an identifier into the cookie',
      )
    }
    for (const flaw of flaws) {
      const { risk, lacks, fix } = FLAWS[flaw]
      tell(x, `${flaw} ${name}`, risk, `the cookie ${shown} ${lacks}`, fix)
    }
  }

  const signerOf = (): CookieSigner => {
    if (signer !== undefined) return signer
    let keys: readonly string[] | KeyRing = setup.ring
    if (setup.ring.keys.length === 0 && !setup.production) {
      processKey ??= randomToken(32)
      keys = [processKey]
      setup.report({
        guard: 'cookies',
        risk: 'weak-cookie-secret',
        reason: 'the policy has no keys, so cookies are signed with one that ends with this process',
        fix: 'set keys to a secret of 32 or more random characters from the environment; in production they are required',
      })
    }
    signer = cookieSigner({ app: setup.app, keys, now: setup.now })
    return signer
  }

  const write = (x: Exchange, name: string, line: string): void => {
    if (x.request.upgrade) {
      throw new BulwarkError('BULWARK_COOKIE_INVALID', 'a WebSocket handshake carries no cookies back', {
        fix: 'set the cookie in the answer to a request before it',
      })
    }
    isUsed = true
    const lines = written.get(x)
    if (lines === undefined) written.set(x, new Map([[name, line]]))
    else {
      lines.delete(name)
      lines.set(name, line)
    }
    if (!x.request.secure && !isPublicHttps && !isLoopbackHost(x.request.host)) {
      tell(
        x,
        'plain http',
        'cookie-without-secure',
        'a Secure cookie was set over plain http, and browsers drop it',
        'serve the app over https; if a proxy in front does, name it in proxies or the public address in origins',
      )
    }
  }

  return {
    name: 'cookies',
    phase: 'answer',
    onResponse(x) {
      const header = x.response.getHeader('set-cookie')
      const own = isUsed ? written.get(x) : undefined
      if (header === undefined && own === undefined) return undefined
      const lines: string[] = []
      if (header !== undefined) {
        const hardening = hardeningOf(x)
        for (const original of Array.isArray(header) ? (header as readonly string[]) : [String(header)]) {
          const { line, name, flaws } = harden(original, hardening)
          tellAbout(x, name, original, flaws)
          lines.push(observe ? original : line)
        }
      }
      if (own !== undefined) lines.push(...own.values())
      x.response.setHeader('Set-Cookie', lines)
      return undefined
    },
    offers: {
      cookies: (x): Cookies => ({
        set: (name, value, settings = {}) =>
          write(x, `${settings.path ?? '/'} ${name}`, signerOf().seal(name, value, settings)),
        get: (name, kind) => signerOf().open(x.request.header('cookie'), name, kind),
        clear: (name, kind = {}) => write(x, `${kind.path ?? '/'} ${name}`, signerOf().clear(name, kind)),
      }),
    },
  }
}

const FLAWS: Readonly<Record<Flaw, { readonly risk: string; readonly lacks: string; readonly fix: string }>> = {
  secure: {
    risk: 'cookie-without-secure',
    lacks: 'was set without Secure, so it would also travel unencrypted',
    fix: 'set it with secure: true',
  },
  'http-only': {
    risk: 'cookie-without-httponly',
    lacks: 'was set without HttpOnly, so injected scripts could read it',
    fix: 'set it with httpOnly: true; if scripts of the page need it, name it in cookies.readable',
  },
  'same-site': {
    risk: 'cookie-without-samesite',
    lacks: 'was set without a SameSite that browsers honour',
    fix: "set it with sameSite: 'lax', or 'none' and secure when other sites embed the app",
  },
  domain: {
    risk: 'wide-cookie-domain',
    lacks: 'was set for a domain wider than this host',
    fix: 'leave Domain out; if other hosts need the cookie, name the domain in cookies.domains',
  },
}

function nameAndValue(line: string): number {
  const end = line.indexOf(';')
  return Buffer.byteLength(end === -1 ? line : line.slice(0, end))
}

function checkName(name: string, i: number): string {
  if (isCookieName(name)) return name
  throw new BulwarkError('BULWARK_COOKIE_INVALID', 'no cookie can have this name', {
    at: `policy.cookies.readable[${i}]`,
    fix: 'write the name exactly as the app sets it, such as "theme"',
  })
}

function checkDomain(domain: string, i: number): string {
  const text = domain.toLowerCase()
  if (DOMAIN.test(text)) return text
  throw new BulwarkError('BULWARK_COOKIE_INVALID', 'this is no domain that a cookie can be shared with', {
    at: `policy.cookies.domains[${i}]`,
    fix: 'write it like "example.com", without a dot in front, a scheme or a port',
  })
}
