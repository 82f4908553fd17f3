import { type Cidr, canonicalIp, inCidr, parseIp } from './ip.ts'

/**
 * Address ranges of well-known proxies.
 * Sources: RFC 1918, RFC 4193, RFC 6598; https://www.cloudflare.com/ips/, which can change: compare it when you rely on it.
 */
export const PROXY_PRESETS: Readonly<Record<'loopback' | 'private' | 'cloudflare', readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
  cloudflare: [
    '173.245.48.0/20',
    '103.21.244.0/22',
    '103.22.200.0/22',
    '103.31.4.0/22',
    '141.101.64.0/18',
    '108.162.192.0/18',
    '190.93.240.0/20',
    '188.114.96.0/20',
    '197.234.240.0/22',
    '198.41.128.0/17',
    '162.158.0.0/15',
    '104.16.0.0/13',
    '104.24.0.0/14',
    '172.64.0.0/13',
    '131.0.72.0/22',
    '2400:cb00::/32',
    '2606:4700::/32',
    '2803:f800::/32',
    '2405:b500::/32',
    '2405:8100::/32',
    '2a06:98c0::/29',
    '2c0f:f248::/32',
  ],
}

const MAX_HOPS = 64
const MAX_LENGTH = 2048

/**
 * The client's address: the socket's peer, or, as long as the hop that speaks is trusted, what it says in `X-Forwarded-For`.
 * Walks from right to left; the first hop that is not trusted is the client. Empty when the socket has no address (a Unix socket).
 *
 * **Security**: everything left of the last trusted proxy was written by the client. A malformed hop therefore ends the walk at the
 * trusted hop before it, and its text is never the answer. At most 64 hops and the last 2,048 characters are read.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: readonly Cidr[]): string {
  let client = canonicalIp(peer) ?? ''
  if (!forwardedFor || trusted.length === 0 || !isTrustedProxy(client, trusted)) return client
  const from = Math.max(0, forwardedFor.length - MAX_LENGTH)
  let end = forwardedFor.length
  for (let hop = 0; hop < MAX_HOPS && end >= from; hop++) {
    const comma = forwardedFor.lastIndexOf(',', end - 1)
    // A hop cut in two by the limit could read as another address.
    if (end === 0 || comma < from - 1) break
    const address = hopAddress(forwardedFor.slice(comma + 1, end))
    if (address === undefined) break
    client = address
    if (!isTrustedProxy(client, trusted)) break
    end = comma
  }
  return client
}

/** Whether the address belongs to one of the policy's proxies. */
export function isTrustedProxy(address: string, trusted: readonly Cidr[]): boolean {
  if (trusted.length === 0) return false
  const bytes = parseIp(address)
  return bytes !== undefined && trusted.some((cidr) => inCidr(bytes, cidr))
}

/**
 * What the trusted peer says in `X-Forwarded-Proto` that it was spoken to with; `undefined` when the peer is not trusted or says neither.
 *
 * **Security**: of several values only the last one counts; those before it can be the client's own.
 */
export function forwardedProto(
  header: string | undefined,
  peer: string,
  trusted: readonly Cidr[],
): 'http' | 'https' | undefined {
  if (!header || !isTrustedProxy(peer, trusted)) return undefined
  const last = header
    .slice(header.lastIndexOf(',') + 1)
    .trim()
    .toLowerCase()
  return last === 'https' || last === 'http' ? last : undefined
}

/** Reads one hop: an address, `192.0.2.1:567`, `[2001:db8::1]` or `[2001:db8::1]:567`. */
function hopAddress(text: string): string | undefined {
  const hop = text.trim()
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)
  if (bracketed) return bracketed[1]?.includes(':') ? canonicalIp(bracketed[1]) : undefined
  const withPort = /^([\d.]+):\d{1,5}$/.exec(hop)
  return canonicalIp(withPort?.[1] ?? hop)
}
