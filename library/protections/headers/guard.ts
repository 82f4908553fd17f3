import type { Exchange } from '../../core/exchange.ts'
import type { Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import { isLoopbackHost } from '../../toolbox/origins.ts'
import type { PolicyText } from './csp.ts'
import { compileHeads, type Head, type HeaderSet, type Heads } from './heads.ts'
import { DATA_KIND, kindOf } from './kind.ts'

/** The headers of every answer. Each is decided by what the answer is: a page, data, or a part of a page. */
export interface HeadersOptions extends CommonOptions, HeaderSet {}

declare module '../../core/contract.ts' {
  interface Contract {
    /** Headers of this route that differ from the policy's; `off('why')` adds none. */
    readonly responseHeaders?: HeaderSet | Off
  }
}

/** The fourth bit of an index into the heads: the same kinds over HTTPS. */
const SECURE = 4
const POLICY = 'Content-Security-Policy'
/** Names in lower case cost Node less to look up. */
const POLICY_KEY = 'content-security-policy'
const SAME_ORIGIN = /^\s*sameorigin\s*$/i

/**
 * Adds the security headers that fit the answer, when its head is about to leave.
 *
 * What the app sets itself stays. In `observe` mode nothing but a report-only policy is sent.
 *
 * **Security**: CSP without inline scripts is what makes most injected markup harmless (CWE-79, CWE-1021, ASVS 3.4.1 to 3.4.8).
 * @throws BulwarkError `BULWARK_HEADER_INVALID`
 */
export function headers(options: HeadersOptions, setup: Setup): Guard {
  const observe = (options.mode ?? setup.mode) === 'observe'
  const common = compileHeads(options, observe, 'policy.headers')
  const isPublicHttps = setup.origins.length > 0 && setup.origins.every((origin) => origin.startsWith('https:'))
  const byRoute = new WeakMap<HeaderSet, Heads>()
  let toldUntyped = false
  let toldReuse = false
  let lastNonced: string | undefined

  const headsOf = (own: HeaderSet): Heads => {
    const known = byRoute.get(own)
    if (known !== undefined) return known
    const heads = compileHeads(merge(options, own), observe, 'contract.responseHeaders')
    byRoute.set(own, heads)
    return heads
  }

  /** HSTS on a development machine would lock every other port of it into HTTPS for a year. */
  const isSecure = (x: Exchange): boolean =>
    (isPublicHttps || x.request.secure) && (setup.production || !isLoopbackHost(x.request.host))

  return {
    name: 'headers',
    phase: 'answer',
    onRoutes(routes) {
      for (const { contract } of routes) {
        if (contract?.responseHeaders !== undefined && !isOff(contract.responseHeaders))
          headsOf(contract.responseHeaders)
      }
    },
    onResponse(x) {
      const { response } = x
      // A 304 updates the headers of the page in the browser's cache: one without a type would take the page for data.
      if (response.status === 304) return undefined
      const own = x.contract?.responseHeaders
      if (own !== undefined && isOff(own)) return undefined
      const type = response.getHeader('content-type')
      const kind = typeof type === 'string' ? kindOf(type) : DATA_KIND
      if (type === undefined && !toldUntyped && isVisit(x)) {
        toldUntyped = true
        x.report({
          guard: 'headers',
          risk: 'mime-sniffing',
          reason: 'a page left without a content type: with nosniff, browsers show it as text',
          fix: "set Content-Type, such as 'text/html; charset=utf-8'",
        })
      }
      const theirs = response.getHeader(POLICY_KEY)
      if (typeof theirs === 'string' && !toldReuse && theirs.includes("'nonce-")) {
        if (theirs === lastNonced) {
          toldReuse = true
          x.report({
            guard: 'headers',
            risk: 'nonce-reuse',
            reason:
              "the app's own Content-Security-Policy has the same nonce in two answers, so whoever injects a script knows it",
            fix: 'leave the header to Bulwark and put req.security.nonce into the page, or make a new nonce for every answer',
          })
        }
        lastNonced = theirs
      }
      const heads = own === undefined ? common : headsOf(own)
      write(x, heads[isSecure(x) ? kind + SECURE : kind]!)
      return undefined
    },
  }
}

function write(x: Exchange, head: Head): void {
  const { response } = x
  const { policy, policyName, policyKey, frame, cache } = head
  response.addMissing(head)
  if (policy !== undefined || frame !== undefined) {
    const theirs = response.getHeader(POLICY_KEY)
    const framing = response.getHeader('x-frame-options')
    if (
      policy !== undefined &&
      theirs === undefined &&
      (policyName === POLICY || response.getHeader(policyKey) === undefined)
    ) {
      // Browsers believe frame-ancestors rather than X-Frame-Options, so ours must not take back what the app allowed.
      const isFramed = framing !== undefined && SAME_ORIGIN.test(String(framing))
      response.setPrepared(policyName, policyKey, textOf(isFramed ? (head.framedPolicy ?? policy) : policy, x))
    }
    if (
      frame !== undefined &&
      framing === undefined &&
      !(theirs !== undefined && String(theirs).includes('frame-ancestors'))
    ) {
      response.setPrepared('X-Frame-Options', 'x-frame-options', frame)
    }
  }
  if (cache !== undefined && response.getHeader('cache-control') === undefined && isPersonal(x)) {
    response.setPrepared('Cache-Control', 'cache-control', cache)
  }
}

function textOf(policy: PolicyText, x: Exchange): string {
  if (!x.hasNonce) return policy.plain
  const { nonce } = x
  const { pieces } = policy
  let text = pieces[0] ?? ''
  for (let i = 1; i < pieces.length; i++) text += nonce + pieces[i]
  return text
}

/** Made for one visitor: nobody else may get it from a cache, nor the next user of the same browser. */
function isPersonal(x: Exchange): boolean {
  const { request, response } = x
  return (
    request.header('cookie') !== undefined ||
    request.header('authorization') !== undefined ||
    response.getHeader('set-cookie') !== undefined ||
    x.hasNonce
  )
}

function isVisit(x: Exchange): boolean {
  return x.response.status === 200 && x.request.method === 'GET' && x.request.header('sec-fetch-dest') === 'document'
}

/** The route's options on top of the policy's; directives and features one by one. */
function merge(policy: HeaderSet, own: HeaderSet): HeaderSet {
  const merged = { ...policy, ...own }
  const csp = [policy.contentSecurityPolicy, own.contentSecurityPolicy] as const
  const features = [policy.permissionsPolicy, own.permissionsPolicy] as const
  return {
    ...merged,
    ...(isPlain(csp[0]) &&
      isPlain(csp[1]) && {
        contentSecurityPolicy: { ...csp[0], ...csp[1], directives: { ...csp[0].directives, ...csp[1].directives } },
      }),
    ...(isPlain(features[0]) && isPlain(features[1]) && { permissionsPolicy: { ...features[0], ...features[1] } }),
  }
}

function isPlain<T extends object>(part: T | Off | undefined): part is T {
  return part !== undefined && !isOff(part)
}
