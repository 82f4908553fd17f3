/** A block of addresses, made by {@link parseCidr}. */
export interface Cidr {
  /** The network's address: 4 or 16 bytes. */
  readonly bytes: Uint8Array
  /** Leading bits that an address must share with the network. */
  readonly prefix: number
}

/**
 * Reads an address: 4 bytes for IPv4, 16 for IPv6, `undefined` for anything else. IPv4 inside IPv6 (`::ffff:192.0.2.1`)
 * is folded to its 4 bytes, so that one machine has one address. A zone id is cut off link-local addresses (`fe80::1%eth0`).
 *
 * **Security**: octal, hexadecimal, shortened and zero-padded IPv4 are refused: readers of `010.0.0.1` disagree about which machine it is.
 */
export function parseIp(text: string): Uint8Array | undefined {
  if (text.length > MAX_TEXT) return undefined
  if (text.indexOf(':') === -1) return isIpv4(text) ? ipv4Bytes(text) : undefined
  return foldMapped(ipv6Bytes(text))
}

/** The one way to write an address (RFC 5952, IPv4 inside IPv6 folded), or `undefined` when the text is no address. */
export function canonicalIp(text: string): string | undefined {
  if (isIpv4(text)) return text
  const bytes = parseIp(text)
  return bytes && formatIp(bytes)
}

/** Writes 4 or 16 bytes as an address, IPv6 after RFC 5952. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
  const groups = Array.from({ length: 8 }, (_, index) => group(bytes, index))
  let best = -1
  let bestLength = 1
  for (let start = 0; start < 8; start++) {
    let end = start
    while (end < 8 && groups[end] === 0) end++
    if (end - start > bestLength) {
      best = start
      bestLength = end - start
    }
    start = Math.max(start, end - 1)
  }
  const hex = groups.map((value) => value.toString(16))
  if (best === -1) return hex.join(':')
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`
}

/**
 * What limits count by: an IPv4 address itself, the /64 of an IPv6 address (`2001:db8:0:1::/64`), `unknown` for all else.
 *
 * **Security**: whoever rents one IPv6 line holds 2^64 addresses of it, and would otherwise have as many limits.
 */
export function clientKey(ip: string): string {
  if (isIpv4(ip)) return ip
  const bytes = parseIp(ip)
  if (!bytes) return 'unknown'
  if (bytes.length === 4) return formatIp(bytes)
  const [a, b, c, d] = [group(bytes, 0), group(bytes, 1), group(bytes, 2), group(bytes, 3)]
  return `${a.toString(16)}:${b.toString(16)}:${c.toString(16)}:${d.toString(16)}::/64`
}

/**
 * Reads a block such as `10.0.0.0/8` or `2001:db8::/32`; an address alone is a block of one.
 * Answers `undefined` for anything else, also when bits are set behind the prefix: `10.0.0.7/8` was meant as one machine or as sixteen million.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const address = slash === -1 ? text : text.slice(0, slash)
  const bytes = address.includes('%') ? undefined : parseIp(address)
  if (!bytes) return undefined
  const bits = bytes.length * 8
  if (slash === -1) return { bytes, prefix: bits }
  const digits = text.slice(slash + 1)
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits)) return undefined
  // The prefix of a folded ::ffff:10.0.0.0/104 counted the 96 bits that folding took away.
  const prefix = Number(digits) - (bits === 32 && address.includes(':') ? 96 : 0)
  if (prefix < 0 || prefix > bits) return undefined
  for (let bit = prefix; bit < bits; bit++) {
    if (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) return undefined
  }
  return { bytes, prefix }
}

/** Whether the address (as {@link parseIp} answers it) belongs to the block. */
export function inCidr(ip: Uint8Array, cidr: Cidr): boolean {
  const { bytes, prefix } = cidr
  if (ip.length !== bytes.length) return false
  const whole = prefix >> 3
  for (let index = 0; index < whole; index++) {
    if (ip[index] !== bytes[index]) return false
  }
  const rest = prefix & 7
  return rest === 0 || ((ip[whole] ?? 0) ^ (bytes[whole] ?? 0)) >> (8 - rest) === 0
}

/** Whether the address is this machine's own: 127.0.0.0/8 or ::1. */
export function isLoopback(text: string): boolean {
  return isInAny(text, LOOPBACK)
}

/**
 * Whether the address is none of the public internet: private (RFC 1918, RFC 4193), shared (RFC 6598), loopback, link-local, or unspecified.
 *
 * **Security**: `false` for text that is no address. An outgoing call needs a stricter check than this one: multicast, documentation
 * and translated ranges (NAT64, 6to4) are not listed here.
 */
export function isPrivate(text: string): boolean {
  return isInAny(text, PRIVATE)
}

/** Longest text that can be an address: an IPv6 address with an embedded IPv4 address, and a zone id. */
const MAX_TEXT = 80

const LOOPBACK: readonly Cidr[] = blocks('127.0.0.0/8', '::1')
const PRIVATE: readonly Cidr[] = [
  ...LOOPBACK,
  ...blocks('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', '0.0.0.0/8'),
  ...blocks('fc00::/7', 'fe80::/10', '::'),
]

function blocks(...texts: readonly string[]): Cidr[] {
  return texts.flatMap((text) => parseCidr(text) ?? [])
}

function isInAny(text: string, cidrs: readonly Cidr[]): boolean {
  const bytes = parseIp(text)
  return bytes !== undefined && cidrs.some((cidr) => inCidr(bytes, cidr))
}

/** Reads the characters in place: this runs for each request, and must not allocate. */
function isIpv4(text: string): boolean {
  const length = text.length
  if (length < 7 || length > 15) return false
  let dots = 0
  let digits = 0
  let value = 0
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x2e) {
      if (digits === 0 || ++dots > 3) return false
      digits = 0
      value = 0
    } else {
      if (code < 0x30 || code > 0x39 || (digits === 1 && value === 0)) return false
      value = value * 10 + code - 0x30
      if (++digits > 3 || value > 255) return false
    }
  }
  return dots === 3 && digits > 0
}

function ipv4Bytes(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number)
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const zone = text.indexOf('%')
  if (zone !== -1) {
    const bytes = /^[\w.~-]{1,32}$/.test(text.slice(zone + 1)) ? ipv6Bytes(text.slice(0, zone)) : undefined
    return bytes && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80 ? bytes : undefined
  }
  const gap = text.indexOf('::')
  if (gap === -1) {
    const all = readGroups(text)
    return all?.length === 16 ? Uint8Array.from(all) : undefined
  }
  const before = gap === 0 ? [] : readGroups(text.slice(0, gap))
  const after = gap === text.length - 2 ? [] : readGroups(text.slice(gap + 2))
  // The gap stands for at least one group (RFC 4291, 2.2); IPv4 may only be at the very end.
  if (!before || !after || before.length + after.length > 14 || text.slice(0, gap).includes('.')) return undefined
  const bytes = new Uint8Array(16)
  bytes.set(before)
  bytes.set(after, 16 - after.length)
  return bytes
}

function readGroups(text: string): number[] | undefined {
  const parts = text.split(':')
  const bytes: number[] = []
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] ?? ''
    if (index === parts.length - 1 && isIpv4(part)) {
      bytes.push(...ipv4Bytes(part))
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined
      const value = Number.parseInt(part, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes.length > 16 ? undefined : bytes
}

function foldMapped(bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes?.[10] !== 0xff || bytes[11] !== 0xff) return bytes
  for (let index = 0; index < 10; index++) {
    if (bytes[index] !== 0) return bytes
  }
  return bytes.slice(12)
}

function group(bytes: Uint8Array, index: number): number {
  return ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)
}
