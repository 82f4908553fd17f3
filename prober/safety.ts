import { createHash } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { parseUrl } from '../library/toolbox/url.ts'
import { ProberError } from './errors.ts'

/** Where the target stands, which decides what may be done to it. */
export type Place = 'loopback' | 'private' | 'public'

/** The one address that this run speaks to. Settled once, so that a name cannot point elsewhere half-way through. */
export interface Ground {
  /** Such as `http://127.0.0.1:3000`. */
  readonly origin: string
  /** The value of the `Host` header. */
  readonly host: string
  readonly hostname: string
  readonly port: number
  readonly tls: boolean
  /** The pinned address and, for `localhost`, the others to try when nothing listens there. */
  readonly addresses: readonly string[]
  readonly place: Place
  /** Path and query of the address that was given: the page that tells whether the target is alive. */
  readonly firstPage: string
}

/** Where the proof that a public target may be probed is looked for. */
export const PROOF_PATH = '/.well-known/bulwark-probe.txt'

/** Finds the names' addresses; tests hand in their own. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

/**
 * Settles which address to speak to, or refuses.
 * @throws ProberError `OPTIONS_INVALID` when `url` is no http or https address, `TARGET_REFUSED` when the target may not be attacked.
 * **Security**: loopback needs no flag; everything else needs the exact host repeated in `ownThis`, so that a typing error or a
 * configuration copied from elsewhere attacks nobody. Names are not even looked up before that.
 */
export async function findGround(url: string, ownThis?: string, find: Lookup = findAddresses): Promise<Ground> {
  const parsed = webAddress(url)
  const hostname = parsed.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const owned =
    ownThis !== undefined && (ownThis === hostname || ownThis === parsed.host || ownThis === parsed.hostname)
  const literal = isIP(hostname) !== 0
  const local = literal ? placeOf(hostname) === 'loopback' : isLocalName(hostname)
  if (!local && !owned) {
    throw new ProberError(
      'TARGET_REFUSED',
      `${hostname} is not this machine.`,
      `Probe a copy of the app on 127.0.0.1; or, if the target is yours, say so: --i-own-this ${hostname}`,
    )
  }
  const addresses = literal ? [hostname] : await find(hostname)
  const [first] = addresses
  if (first === undefined) {
    throw new ProberError('TARGET_REFUSED', `${hostname} has no address.`, 'Check the name, or give an address.')
  }
  const places = addresses.map((address) => placeOf(address))
  if (places.includes('never')) {
    throw new ProberError(
      'TARGET_REFUSED',
      `${hostname} stands for ${addresses[places.indexOf('never')]}, which is never a web app to probe.`,
      'Give the address of the app itself, such as http://127.0.0.1:3000.',
    )
  }
  if (local && places.some((place) => place !== 'loopback')) {
    throw new ProberError('TARGET_REFUSED', `${hostname} does not stand for this machine here.`, 'Use 127.0.0.1.')
  }
  const place = places.includes('public') ? 'public' : places.includes('private') ? 'private' : 'loopback'
  const tls = parsed.protocol === 'https:'
  return {
    origin: parsed.origin,
    host: parsed.host,
    hostname,
    port: parsed.port === '' ? (tls ? 443 : 80) : Number(parsed.port),
    tls,
    // Only a name for this machine may have a second try: elsewhere another address is another machine.
    addresses: local ? addresses : [first],
    place,
    firstPage: parsed.pathname + parsed.search,
  }
}

/** What the proof file of a public target must contain. Anybody can compute it; only the owner can serve it. */
export function proofOf(hostname: string): string {
  return `bulwark-probe-${createHash('sha256').update(`${hostname.toLowerCase()} may be probed`).digest('hex').slice(0, 24)}`
}

/** Refuses a public target that does not serve the proof. */
export function checkProof(ground: Ground, status: number, text: string): void {
  const token = proofOf(ground.hostname)
  if (status === 200 && text.split(/\s+/).includes(token)) return
  throw new ProberError(
    'TARGET_REFUSED',
    `${ground.hostname} is a public address and does not say that it may be probed.`,
    `Serve a text file ${ground.origin}${PROOF_PATH} that contains ${token}`,
  )
}

/** Whether an address is this machine, a private network, the internet, or nothing that may ever be probed. */
export function placeOf(address: string): Place | 'never' {
  const family = isIP(address)
  if (family === 0) return 'never'
  const type = family === 4 ? 'ipv4' : 'ipv6'
  if (loopback.check(address, type)) return 'loopback'
  if (never.check(address, type)) return 'never'
  return privateRanges.check(address, type) ? 'private' : 'public'
}

// BlockList judges IPv4-mapped IPv6 addresses by their IPv4 rules.
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

const privateRanges = new BlockList()
for (const [net, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  privateRanges.addSubnet(net, bits, 'ipv4')
}
privateRanges.addSubnet('fc00::', 7, 'ipv6')

// "This network", link-local (cloud metadata lives there), multicast and reserved ranges.
const never = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  never.addSubnet(net, bits, 'ipv4')
}
never.addAddress('::', 'ipv6')
never.addSubnet('fe80::', 10, 'ipv6')
never.addSubnet('ff00::', 8, 'ipv6')

function isLocalName(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost')
}

function webAddress(url: string): URL {
  const parsed = parseUrl(url)
  if (!parsed || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new ProberError('OPTIONS_INVALID', `${url} is no web address.`, 'Give one such as http://127.0.0.1:3000.')
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new ProberError(
      'OPTIONS_INVALID',
      'The address carries a password.',
      'Put the account into bulwark.probe.json.',
    )
  }
  return parsed
}

async function findAddresses(hostname: string): Promise<readonly string[]> {
  // RFC 6761: names below localhost never leave the machine, so nobody is asked about them.
  if (isLocalName(hostname)) return ['127.0.0.1', '::1']
  try {
    const found = await lookup(hostname, { all: true })
    return found.map((entry) => entry.address)
  } catch (cause) {
    throw new ProberError('TARGET_REFUSED', `${hostname} was not found.`, 'Check the name, or give an address.', cause)
  }
}
