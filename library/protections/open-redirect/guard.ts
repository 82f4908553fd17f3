import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import { parseOrigin } from '../../toolbox/origins.ts'
import { parseUrl } from '../../toolbox/url.ts'
import { hasSent } from './sent.ts'

export interface OpenRedirectOptions extends CommonOptions {
  /**
   * Origins besides the policy's own that a visitor may choose as the target of a redirect, such as `https://pay.example`.
   * @default []
   */
  readonly allow?: readonly string[]
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** `off('why')` lets the client choose where this route redirects: for sign-in servers that check registered addresses. */
    readonly openRedirect?: Off
  }
}

/** What a redirect never leads to, whoever chose it: it would run as the app, or read a file. */
const NEVER = /^(?:javascript|data|vbscript|blob|file|filesystem|about|view-source):$/

/**
 * Denies redirects to another site when the client itself named that site, and redirects to scripts whoever named them.
 *
 * A redirect to another site that the app chose, such as a sign-in provider, passes.
 *
 * **Security**: the target is read as browsers read it: `//evil`, `/\evil`, `https:evil`, tabs, `https://own@evil` (CWE-601, ASVS 3.7.2).
 * @throws BulwarkError `BULWARK_ORIGIN_INVALID`
 */
export function openRedirect({ allow = [] }: OpenRedirectOptions, setup: Setup): Guard {
  const allowed = new Set([...setup.origins, ...allow.map(checkOrigin)])

  return {
    name: 'open-redirect',
    phase: 'answer',
    onResponse(x) {
      const { status } = x.response
      if (status < 300 || status >= 400 || status === 304) return undefined
      const location = x.response.getHeader('location')
      if (location === undefined || (typeof location === 'string' && isPlainPath(location))) return undefined
      if (isOff(x.contract?.openRedirect)) return undefined
      return judge(x, Array.isArray(location) ? location.join(', ') : String(location), allowed)
    },
  }
}

/** A slash, and then neither a second one nor anything that browsers drop or take for one. */
function isPlainPath(location: string): boolean {
  if (location.charCodeAt(0) !== 0x2f) return false
  const second = location.charCodeAt(1)
  return second !== 0x2f && second !== 0x5c && !(second <= 0x20)
}

function judge(x: Exchange, location: string, allowed: ReadonlySet<string>): Denial | undefined {
  const { request } = x
  const base = `${request.secure ? 'https' : 'http'}://${request.host}/`
  const own = parseUrl(base) ?? new URL('http://unknown.invalid/')
  // What no browser can read leads nowhere.
  const to = parseUrl(location, own)
  if (to === undefined) return undefined
  if (NEVER.test(to.protocol)) return deny('open-redirect', 'a redirect to a script, to data or to a file', 400)
  if (isOwn(to, own) || allowed.has(to.origin)) return undefined
  if (!hasSent(x, location, to, own)) return undefined
  return deny('open-redirect', 'a redirect to another site that the client named', 400)
}

/** The same host and port, or HTTPS on the same host. */
function isOwn(to: URL, own: URL): boolean {
  if (to.protocol !== 'http:' && to.protocol !== 'https:') return false
  return to.host === own.host || (to.protocol === 'https:' && to.port === '' && to.hostname === own.hostname)
}

function checkOrigin(text: string, i: number): string {
  const origin = parseOrigin(text)
  if (origin !== undefined) return origin
  throw new BulwarkError(
    'BULWARK_ORIGIN_INVALID',
    'an origin is a scheme, a host and perhaps a port, and nothing else',
    {
      at: `policy.openRedirect.allow[${i}]`,
      fix: 'write it like "https://pay.example", without a path or a slash at the end',
    },
  )
}
