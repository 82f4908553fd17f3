import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { deny, type Guard, type Verdict } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import { hostOf, isLoopbackHost } from '../../toolbox/origins.ts'

export interface TransportOptions extends CommonOptions {
  /**
   * Which requests are taken for plain HTTP and not served: `'known'` those of which one of the policy's proxies says so, for hosts of an
   * `https:` origin; `'always'` everything that did not come over HTTPS, whoever asks for which host.
   *
   * **Security**: `'always'` is right as soon as every proxy in front is named in `proxies`; behind one that is not, it refuses everybody.
   * @default 'known'
   */
  readonly requireHttps?: 'known' | 'always'
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** `off('why')` serves the route over plain HTTP too: for health checks inside a network of one's own. */
    readonly transport?: Off
  }
}

const RISK = 'plain-http'

/**
 * Sends people who came over plain HTTP to the same page of the `https:` origin (308), and refuses everything else that did (403): what has
 * been sent in the clear is not to be sent that way again unnoticed.
 *
 * Whether a request came over HTTPS is what its own connection says, or one of the policy's proxies in `X-Forwarded-Proto`.
 *
 * **Security**: CWE-319; ASVS 5.0 12.2.1, 4.1.2; nobody is sent to a host that is not one of the policy's origins.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`
 */
export function transport(options: TransportOptions, setup: Setup): Guard {
  const isStrict = requirementOf(options) === 'always'
  const secure = new Map<string, string>()
  const plain = new Set<string>()
  for (const origin of setup.origins) {
    const host = withoutPort(hostOf(origin))
    if (!origin.startsWith('https:')) plain.add(host)
    // Of several ports the one that browsers take by themselves comes first.
    else if (!secure.has(host) || hostOf(origin) === host) secure.set(host, origin)
  }
  const asksNothing = !isStrict && secure.size === 0
  let isTold = false

  const judge = (x: Exchange): Verdict => {
    const { request } = x
    if (asksNothing || request.secure) return undefined
    const said = request.header('x-forwarded-proto')
    const name = withoutPort(request.host.toLowerCase())
    const home = plain.has(name) ? undefined : secure.get(name)
    if (!isStrict && (home === undefined || !request.proxied || said === undefined)) {
      if (home !== undefined) wonder(x, said)
      return undefined
    }
    // Whoever stands in front has spoken HTTPS to this browser, but is not named: sent on, it would come back for ever.
    if ((!request.proxied && saysHttps(said)) || hasFetchMetadata(x)) {
      wonder(x, said)
      return deny(RISK, 'a request that came over HTTPS to a proxy which the policy does not name', 403)
    }
    if (home === undefined || !isPage(x)) return deny(RISK, 'a request over plain HTTP', 403)
    return { reply: 308, headers: { Location: home + request.target, 'Cache-Control': 'no-store' } }
  }

  /** Once: a proxy that ends TLS and does not say so looks the same as no TLS at all. */
  const wonder = (x: Exchange, said: string | undefined): void => {
    if (isTold || !setup.production || (!isPage(x) && !saysHttps(said))) return
    isTold = true
    x.report({
      guard: 'transport',
      risk: RISK,
      reason: 'requests for an https origin arrive without HTTPS, and nobody that the policy names says how they began',
      fix: "name the proxy that ends TLS in proxies and have it send X-Forwarded-Proto; then transport: { requireHttps: 'always' }",
    })
  }

  return {
    name: 'transport',
    phase: 'shape',
    onRequest: (x) => (x.waits('transport') ? undefined : judge(x)),
    onRoute: (x) => (x.isDue('transport') && !isOff(x.contract?.transport) ? judge(x) : undefined),
    onUnrouted: (x) => (x.isDue('transport') ? judge(x) : undefined),
  }
}

function requirementOf({ requireHttps = 'known' }: TransportOptions): 'known' | 'always' {
  if (requireHttps === 'known' || requireHttps === 'always') return requireHttps
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no requirement of HTTPS', {
    at: 'policy.transport.requireHttps',
    fix: "write 'known' or 'always'; to serve everything over plain HTTP, transport: off('why')",
  })
}

/** Something that a person can be sent on from: nothing is lost, and nothing secret of a script's is repeated. */
function isPage({ request }: Exchange): boolean {
  return (
    (request.method === 'GET' || request.method === 'HEAD') &&
    !request.upgrade &&
    request.header('authorization') === undefined &&
    (request.header('accept') ?? 'text/html').includes('text/html') &&
    isOwnPath(request.target)
  )
}

/** A path behind an origin: no second slash that browsers take for a host, no character that ends a header. */
function isOwnPath(target: string): boolean {
  if (target.charCodeAt(0) !== 0x2f || target.charCodeAt(1) === 0x2f || target.charCodeAt(1) === 0x5c) return false
  for (let i = 0; i < target.length; i++) {
    const code = target.charCodeAt(i)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}

function saysHttps(said: string | undefined): boolean {
  return said !== undefined && /^\s*https\s*(?:,|$)/i.test(said)
}

/** Browsers send it over HTTPS only, but to the machine that they run on. */
function hasFetchMetadata({ request }: Exchange): boolean {
  return request.header('sec-fetch-site') !== undefined && !isLoopbackHost(request.host)
}

function withoutPort(host: string): string {
  return host.replace(/:\d{1,5}$/, '')
}
