import { isLoopback } from './ip.ts'
import { parseUrl } from './url.ts'

const ORIGIN = /^(https?):\/\/([^/?#@\\\s\x00-\x1f\x7f:[\]%]+|\[[0-9a-f:.]+\])(:[1-9]\d{0,4})?$/i
const HOST = /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?$/

/**
 * Reads an origin, exactly `scheme://host[:port]` with http or https, and answers it the way browsers write it: lower case, punycode,
 * no default port. `undefined` for everything else, such as `null`, a trailing slash, a path, user names, wildcards, or an IPv4
 * address in disguise (`http://0x7f.1`).
 */
export function parseOrigin(text: string): string | undefined {
  const match = text.length > 300 ? null : ORIGIN.exec(text)
  const host = match?.[2]?.toLowerCase()
  const url = host ? parseUrl(text) : undefined
  if (!host || url === undefined) return undefined
  if (host.startsWith('[')) return url.origin
  // A browser sends the host it resolved. If ASCII text still changes, somebody is hiding another host behind it.
  const isAscii = /^[\x21-\x7e]+$/.test(host)
  return HOST.test(url.hostname) && (!isAscii || url.hostname === host) ? url.origin : undefined
}

/** The host, with its port where there is one, of an origin that {@link parseOrigin} answered. */
export function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('://') + 3)
}

/** Whether both are origins, and the same one. `null` is the same as nothing, not even as itself. */
export function isSameOrigin(a: string, b: string): boolean {
  const origin = parseOrigin(a)
  return origin !== undefined && (a === b || origin === parseOrigin(b))
}

/**
 * Whether the host, with or without a port, names this machine: `localhost`, names under `.localhost` (RFC 6761), 127.0.0.0/8 or `[::1]`.
 */
export function isLoopbackHost(host: string): boolean {
  const match = /^(\[[^\]]+\]|[^:]+)(?::\d{1,5})?$/.exec(host)
  const name = match?.[1]?.toLowerCase()
  if (name === undefined) return isLoopback(host)
  if (name === 'localhost' || (name.endsWith('.localhost') && HOST.test(name))) return true
  return isLoopback(name.startsWith('[') ? name.slice(1, -1) : name)
}
