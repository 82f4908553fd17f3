import { BulwarkError } from '../../core/errors.ts'
import { parseOrigin } from '../../toolbox/origins.ts'

export interface SafeRedirectOptions {
  /** Origins besides the app's own that are good targets, such as `https://pay.example`. @default [] */
  readonly allow?: readonly string[]
}

const HERE = 'http://here.invalid'
const LONGEST = 2048

/**
 * Answers the target when it is a path of this site, or an address of an allowed origin; otherwise the fallback:
 * `res.redirect(safeRedirect(req.query.next))`.
 *
 * Anything may come in, also `undefined` and lists. The answer is written the way browsers read it.
 *
 * **Security**: `//evil`, `/\evil`, blanks and control characters give the fallback (CWE-601, ASVS 3.7.2).
 * @throws BulwarkError `BULWARK_REDIRECT_FOREIGN` when the fallback itself leads elsewhere, `BULWARK_ORIGIN_INVALID`
 */
export function safeRedirect(target: unknown, fallback = '/', { allow = [] }: SafeRedirectOptions = {}): string {
  const origins = allow.map(checkOrigin)
  const safe = typeof target === 'string' ? toSafe(target, origins) : undefined
  if (safe !== undefined) return safe
  const own = toSafe(fallback, origins)
  if (own !== undefined) return own
  throw new BulwarkError('BULWARK_REDIRECT_FOREIGN', 'the fallback of a redirect leads to another site', {
    at: 'safeRedirect(target, fallback)',
    fix: "use a path such as '/', or name the origin in allow",
  })
}

function toSafe(target: string, origins: readonly string[]): string | undefined {
  if (target.length > LONGEST || /[\x00-\x20\x7f\\]/.test(target) || !URL.canParse(target, HERE)) return undefined
  const url = new URL(target, HERE)
  if (url.origin !== HERE) {
    return origins.includes(url.origin) && url.username === '' && url.password === '' ? url.href : undefined
  }
  // `/.//evil.example` becomes `//evil.example`, which leads elsewhere when it is sent.
  const path = url.pathname + url.search + url.hash
  return target.startsWith('/') && !path.startsWith('//') ? path : undefined
}

function checkOrigin(text: string, i: number): string {
  const origin = parseOrigin(text)
  if (origin !== undefined) return origin
  throw new BulwarkError(
    'BULWARK_ORIGIN_INVALID',
    'an origin is a scheme, a host and perhaps a port, and nothing else',
    {
      at: `safeRedirect(…, { allow: [${i}] })`,
      fix: 'write it like "https://pay.example", without a path or a slash at the end',
    },
  )
}
