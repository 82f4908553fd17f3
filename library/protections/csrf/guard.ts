import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import { hostOf, parseOrigin } from '../../toolbox/origins.ts'

export interface CsrfOptions extends CommonOptions {
  /**
   * Origins besides the policy's own that may send state-changing requests, such as `https://pay.example`.
   *
   * **Security**: each of them can act as your signed-in users. A sibling subdomain is not trusted unless it is listed.
   * @default []
   */
  readonly trustedOrigins?: readonly string[]
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** `off('why')` lets other sites call this route: for webhooks, which prove themselves in another way. */
    readonly csrf?: Off
    /** The route changes something although its method is GET or HEAD; it is then guarded like a POST. */
    readonly changesState?: boolean
  }
}

/**
 * Denies state-changing requests and WebSocket handshakes that a browser sends from another site.
 *
 * Reads `Sec-Fetch-Site`, then `Origin`; needs no token, cookie or session. A request with neither header does not come from
 * a browser of this decade, and passes: nobody's cookies travel with it.
 *
 * **Security**: `same-site` is not safe, since any sibling subdomain would be trusted (CWE-352, ASVS 3.5.1, 3.5.3; WebSocket: CWE-1385, ASVS 4.4.2).
 * @throws BulwarkError `BULWARK_ORIGIN_INVALID`
 */
export function csrf({ trustedOrigins = [] }: CsrfOptions, setup: Setup): Guard {
  const trusted = new Set([...setup.origins, ...trustedOrigins.map(checkOrigin)])
  const knowsOwnOrigin = setup.origins.length > 0
  let exemptions = false

  const judge = (x: Exchange): Denial | undefined => {
    const site = x.request.header('sec-fetch-site')
    if (site === 'same-origin' || site === 'none') return undefined
    const origin = x.request.header('origin')
    if (site === undefined && origin === undefined) return undefined
    if (origin !== undefined && trusted.has(origin)) return undefined
    // Without `Sec-Fetch-Site` the scheme cannot be compared unless the policy names the origin; HSTS is the answer to http -> https.
    if (site === undefined && !knowsOwnOrigin && origin !== undefined && isOwnHost(origin, x)) return undefined
    return x.request.upgrade
      ? deny('cross-site-websocket', 'a WebSocket handshake from another site')
      : deny('csrf', 'a state-changing request from another site')
  }

  return {
    name: 'csrf',
    phase: 'origin',
    onRoutes(routes) {
      exemptions ||= routes.some(({ contract }) => isOff(contract?.csrf))
    },
    onRequest(x) {
      const { method, upgrade } = x.request
      if (!upgrade && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')) return undefined
      if (!upgrade) x.response.vary('Sec-Fetch-Site, Origin')
      // An exemption hangs on its route, so with one in the app the verdict has to wait until the route is known.
      if (exemptions && !upgrade) return undefined
      return judge(x)
    },
    onRoute(x) {
      const { contract } = x
      if (isOff(contract?.csrf)) return undefined
      const { method } = x.request
      if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') {
        return contract?.changesState === true ? judge(x) : undefined
      }
      return exemptions ? judge(x) : undefined
    },
  }
}

function isOwnHost(origin: string, x: Exchange): boolean {
  const own = parseOrigin(origin)
  return own !== undefined && hostOf(own) === x.request.host.toLowerCase()
}

function checkOrigin(text: string, i: number): string {
  const origin = parseOrigin(text)
  if (origin !== undefined) return origin
  throw new BulwarkError(
    'BULWARK_ORIGIN_INVALID',
    'an origin is a scheme, a host and perhaps a port, and nothing else',
    {
      at: `policy.csrf.trustedOrigins[${i}]`,
      fix: 'write it like "https://pay.example", without a path or a slash at the end',
    },
  )
}
