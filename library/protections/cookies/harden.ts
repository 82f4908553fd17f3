import { parseSetCookie } from '../../toolbox/cookies.ts'
import { isReadByScripts } from './names.ts'

/** What one cookie needs, and where it leaves. */
export interface Hardening {
  readonly secure: boolean
  /** The host that the browser asked for, without port, in lower case. */
  readonly host: string
  readonly readable: ReadonlySet<string>
  /** Domains, besides the host itself, that a cookie may be shared with. */
  readonly domains: ReadonlySet<string>
}

/** What was missing, so that it can be told. */
export type Flaw = 'secure' | 'http-only' | 'same-site' | 'domain'

export interface Hardened {
  readonly line: string
  readonly name: string
  readonly flaws: readonly Flaw[]
}

/** Adds to one `Set-Cookie` line what it lacks. What the app set on purpose stays where browsers would honour it. */
export function harden(original: string, { secure, host, readable, domains }: Hardening): Hardened {
  const { name, attributes } = parseSetCookie(original)
  const flaws: Flaw[] = []
  let line = original
  let isSecure = attributes.has('secure')
  if (secure && !isSecure) {
    flaws.push('secure')
    line += '; Secure'
    isSecure = true
  }
  if (!attributes.has('httponly') && !readable.has(name) && !isReadByScripts(name)) {
    flaws.push('http-only')
    line += '; HttpOnly'
  }
  const sameSite = attributes.get('samesite')?.toLowerCase()
  // Browsers refuse None without Secure, and take a word that they do not know for nothing at all.
  const isHonoured = sameSite === 'strict' || sameSite === 'lax' || (sameSite === 'none' && isSecure)
  if (!isHonoured) {
    flaws.push('same-site')
    line = `${sameSite === undefined ? line : without(line, 'samesite')}; SameSite=Lax`
  }
  const domain = attributes.get('domain')?.toLowerCase().replace(/^\./, '')
  if (domain !== undefined && domain !== '' && domain !== host && !domains.has(domain)) {
    flaws.push('domain')
    line = without(line, 'domain')
  }
  return { line, name, flaws }
}

function without(line: string, attribute: string): string {
  const [pair = '', ...rest] = line.split(';')
  const kept = rest.filter((part) => part.split('=', 1)[0]?.trim().toLowerCase() !== attribute)
  return [pair, ...kept].join(';')
}
