import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import { hostOf, isLoopbackHost } from '../../toolbox/origins.ts'
import { authorityOf, forwardedHosts, isHost } from './host.ts'

export interface HostHeaderOptions extends CommonOptions {
  /**
   * Hosts besides those of the policy's origins that may be asked for, such as `app.internal:8080`.
   * **Security**: links are never built from them; see `req.security.origin`.
   * @default []
   */
  readonly alsoAllow?: readonly string[]
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** `off('why')` lets the route be asked under any host: for health checks, which come by address. */
    readonly hostHeader?: Off
  }
}

declare module '../../core/security.ts' {
  interface Security {
    /**
     * The public origin of the app, such as `https://journal.example`: for links in mails and redirects.
     * **Security**: one of the policy's `origins` whenever there are any; without them it is the Host header, which the client chooses.
     */
    readonly origin: string
  }
}

const RISK = 'host-header-injection'

/**
 * Denies requests for a host that is not the app's: 421 when the policy has origins, and 400 for what is no host at all.
 *
 * Outside of production loopback hosts are allowed too. `X-Forwarded-Host` and `Forwarded` must name an allowed host whoever sends them.
 * A request without any Host header can only be HTTP/1.0, since Node refuses it otherwise, and passes.
 *
 * **Security**: CWE-644, CWE-20; RFC 9110 section 7.2, RFC 9112 section 3.2; also stops DNS rebinding.
 * @throws BulwarkError `BULWARK_ORIGIN_INVALID`
 */
export function hostHeader({ alsoAllow = [] }: HostHeaderOptions, setup: Setup): Guard {
  const allowed = new Set(alsoAllow.map(checkHost))
  const originOf = new Map<string, string>()
  for (const origin of setup.origins) {
    const host = hostOf(origin)
    for (const name of hasPort(host) ? [host] : [host, `${host}:${origin.startsWith('https:') ? 443 : 80}`]) {
      allowed.add(name)
      // Of two origins with one host the encrypted one is the one to build links with.
      if (!originOf.has(name) || origin.startsWith('https:')) originOf.set(name, origin)
    }
  }
  const isListed = setup.origins.length > 0
  let lastGood: string | undefined
  let isForwardedTold = false
  if (!isListed && setup.production) {
    setup.report({
      guard: 'host-header',
      risk: RISK,
      reason: 'the policy has no origins, so any Host header is believed',
      fix: "name the public address: origins: ['https://app.example']",
    })
  }

  const isAllowed = (host: string): boolean => {
    const name = host.toLowerCase()
    return allowed.has(name) || (!setup.production && isLoopbackHost(name))
  }

  const judgeHost = (host: string): Denial | undefined => {
    if (!isListed || host === lastGood || host === '') return undefined
    if (!isAllowed(host)) return deny(RISK, 'a Host header that names none of the origins', 421)
    lastGood = host
    return undefined
  }

  const judgeForwarded = (x: Exchange): Denial | undefined => {
    const one = x.request.header('x-forwarded-host')
    const other = x.request.header('forwarded')
    if (one === undefined && (other === undefined || !/host\s*=/i.test(other))) return undefined
    const hosts = [...(one === undefined ? [] : one.split(',')), ...(other === undefined ? [] : forwardedHosts(other))]
    const isOdd = hosts.some((host) => host.trim() !== '' && host.trim().toLowerCase() !== x.request.host.toLowerCase())
    if (!isOdd) return undefined
    if (isListed) {
      return hosts.every((host) => isAllowed(host.trim()))
        ? undefined
        : deny(RISK, 'a forwarded host that names none of the origins', 421)
    }
    if (!isForwardedTold) {
      isForwardedTold = true
      x.report({
        guard: 'host-header',
        risk: RISK,
        reason:
          'a request names another host in X-Forwarded-Host or Forwarded than in Host, and the policy cannot tell which is true',
        fix: "name the public address in origins, such as ['https://app.example'], and the proxy that sets the header in proxies",
      })
    }
    return undefined
  }

  const judgeRoute = (x: Exchange): Denial | undefined =>
    !x.isDue('host-header') || isOff(x.contract?.hostHeader)
      ? undefined
      : (judgeHost(x.request.host) ?? judgeForwarded(x))

  return {
    name: 'host-header',
    phase: 'shape',
    onRequest(x) {
      const { request } = x
      const { target } = request
      const sent = request.header('host')
      if (sent !== undefined && sent !== lastGood && !isHost(sent)) {
        return deny(RISK, 'a Host header that is no host', 400, { close: true })
      }
      if (repeats(request.rawHeaders, sent)) {
        return deny(RISK, 'several Host headers, or one that differs from the authority', 400, { close: true })
      }
      if (target.charCodeAt(0) !== 0x2f && target !== '*') {
        // Everything that follows reads the Host header, and caches in front read the target (RFC 9112 section 3.2.2).
        const authority = authorityOf(target)
        if (authority === undefined || sent === undefined || authority.toLowerCase() !== sent.toLowerCase()) {
          return deny(RISK, 'a request target that names another host than the Host header', 400, { close: true })
        }
      }
      return x.waits('host-header') ? undefined : (judgeHost(request.host) ?? judgeForwarded(x))
    },
    onRoute: judgeRoute,
    onUnrouted: judgeRoute,
    offers: {
      origin: (x): string => {
        const { host, secure } = x.request
        const own = originOf.get(host.toLowerCase())
        if (own !== undefined) return own
        // On a development machine links lead back to it, whatever the public address is.
        const isHere = host !== '' && isHost(host) && !setup.production && isLoopbackHost(host)
        const [first] = setup.origins
        if (first !== undefined && !isHere) return first
        return `${secure ? 'https' : 'http'}://${isHost(host) ? host : 'localhost'}`
      },
    },
  }
}

/** More than one Host line, or an HTTP/2 authority besides a Host line that says something else. */
function repeats(rawHeaders: readonly string[], sent: string | undefined): boolean {
  let found = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === 4) {
      if ((name === 'Host' || name === 'host' || name.toLowerCase() === 'host') && ++found > 1) return true
    } else if (name === ':authority' && sent !== undefined && rawHeaders[i + 1] !== sent) return true
  }
  return false
}

function hasPort(host: string): boolean {
  return /:\d+$/.test(host)
}

function checkHost(host: string, i: number): string {
  if (isHost(host)) return host.toLowerCase()
  throw new BulwarkError('BULWARK_ORIGIN_INVALID', 'this is no host', {
    at: `policy.hostHeader.alsoAllow[${i}]`,
    fix: 'write it as it stands in the Host header, such as "app.internal:8080"; there are no patterns',
  })
}
