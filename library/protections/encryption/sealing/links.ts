import type { KeyRing } from '../../../core/keys.ts'
import { type About, contextBytes, expiryOf, invalid, isOver, type Lasting, strictBytes } from './head.ts'
import { macFor, STAMP } from './signer.ts'

export interface LinkAbout extends About {
  /** What the link is for. HEAD counts as GET. @default 'GET' */
  readonly method?: string
}

/** Signs links of the app's own: whoever has the link may follow it, and nobody can make it lead elsewhere. */
export interface Links {
  /**
   * The link with its signature at the end of the query. A path such as `/files/7?size=2`, or the whole URL; path and query are signed as
   * they are written, the origin is not.
   * @throws BulwarkError `BULWARK_SEAL_INVALID`, `BULWARK_KEYS_MISSING`
   */
  sign(link: string, about?: Lasting & LinkAbout): string
  /** Whether the target of a request, such as `req.url`, is a link that was signed here, is unchanged, and has not ended. */
  isSigned(target: string, about?: LinkAbout): boolean
}

const PARAMETER = '_signed='
const ORIGIN = /^https?:\/\/[^/?#\\\s]+(?=[/?]|$)/i
const PATH = /^\/(?![/\\])[\x21-\x22\x24-\x7e]*$/
/** 43 bytes in Base64. */
const LENGTH = 58

export function linksOf(ring: KeyRing, purpose: string, now: () => number): Links {
  const mac = macFor(ring, 'link', purpose)
  return {
    sign(link, about) {
      const origin = ORIGIN.exec(link)?.[0] ?? ''
      const target = origin !== '' && link.length === origin.length ? '/' : link.slice(origin.length)
      if (!PATH.test(target) || hasParameter(target)) {
        throw invalid(
          'a link to be signed is a path with its query, in printable ASCII, without a fragment and not signed yet',
          'write it like /files/7?size=2, and encode what a person typed',
        )
      }
      const stamp = mac.stamp(contentOf(target, about?.method), about?.context, expiryOf(about?.ttl, now()))
      const joined = `${origin}${target}${target.includes('?') ? '&' : '?'}${PARAMETER}`
      return joined + stamp.toString('base64url')
    },
    isSigned(target, about) {
      contextBytes(about?.context)
      const at = target.length - LENGTH - PARAMETER.length - 1
      // The signature is the last parameter and the only one of its name: nothing can be added behind it, where the app might read it.
      if (at < 1 || !target.startsWith(PARAMETER, at + 1) || !/[?&]/.test(target.charAt(at))) return false
      const signed = target.slice(0, at)
      if (target.charAt(at) !== (signed.includes('?') ? '&' : '?')) return false
      const stamp = strictBytes(target.slice(-LENGTH))
      if (stamp?.length !== STAMP) return false
      return mac.holds(stamp, contentOf(signed, about?.method), about?.context) && !isOver(stamp, now())
    },
  }
}

function contentOf(target: string, method = 'GET'): Buffer {
  const verb = method.toUpperCase()
  // A method has no blank in it, so the two cannot be divided in another way.
  return Buffer.from(`${verb === 'HEAD' ? 'GET' : verb} ${target}`)
}

function hasParameter(target: string): boolean {
  return /[?&]_signed(?:=|&|$)/.test(target)
}
