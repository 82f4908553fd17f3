import { type Cidr, inCidr, parseCidr, parseIp } from '../../../toolbox/ip.ts'

/** What an address is that belongs to nobody on the internet. */
export type InnerKind = 'loopback' | 'private' | 'link-local' | 'metadata' | 'multicast' | 'unspecified' | 'reserved'

/**
 * What kind of inner address this is; `undefined` when it is a public one.
 *
 * **Security**: IPv4 inside of IPv6 is what it leads to: mapped, compatible (`::127.0.0.1`), translated (NAT64, RFC 6052 and 8215) and
 * tunnelled (6to4, Teredo). Text that is no address counts as `reserved`. Source: the special-purpose registries of IANA (RFC 6890).
 */
export function innerKindOf(address: string): InnerKind | undefined {
  const bytes = parseIp(address)
  return bytes === undefined ? 'reserved' : kindOf(bytes)
}

function kindOf(bytes: Uint8Array): InnerKind | undefined {
  for (const [kind, blocks] of BLOCKS) if (blocks.some((block) => inCidr(bytes, block))) return kind
  if (bytes.length === 4) return undefined
  const inside = embedded(bytes)
  return inside === undefined ? undefined : kindOf(inside)
}

/** The IPv4 address that an IPv6 address leads to. */
function embedded(bytes: Uint8Array): Uint8Array | undefined {
  for (const [block, from] of EMBEDDING) if (inCidr(bytes, block)) return bytes.slice(from, from + 4)
  // Teredo hides the client's address behind inverted bits.
  return inCidr(bytes, TEREDO) ? bytes.slice(12).map((byte) => byte ^ 0xff) : undefined
}

function block(text: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw new TypeError(`${text} is no block of addresses`)
  return cidr
}

const TEREDO = block('2001::/32')
const EMBEDDING: readonly (readonly [Cidr, number])[] = [
  [block('::/96'), 12],
  [block('::ffff:0:0:0/96'), 12],
  [block('64:ff9b::/96'), 12],
  [block('64:ff9b:1::/48'), 12],
  [block('2002::/16'), 2],
]

/** The first that fits is the kind. */
const BLOCKS: readonly (readonly [InnerKind, readonly Cidr[]])[] = [
  [
    'metadata',
    [
      // AWS, Google, Azure, DigitalOcean and others; credentials of ECS and EKS; Azure's host; Alibaba; Oracle; AWS over IPv6.
      '169.254.169.254/32',
      '169.254.170.2/32',
      '169.254.170.23/32',
      '168.63.129.16/32',
      '100.100.100.200/32',
      '192.0.0.192/32',
      'fd00:ec2::254/128',
      'fd00:ec2::23/128',
      'fd20:ce::254/128',
    ].map(block),
  ],
  ['loopback', ['127.0.0.0/8', '::1/128'].map(block)],
  ['unspecified', ['0.0.0.0/8', '::/128'].map(block)],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fec0::/10'].map(block)],
  ['link-local', ['169.254.0.0/16', 'fe80::/10'].map(block)],
  ['multicast', ['224.0.0.0/4', 'ff00::/8'].map(block)],
  [
    'reserved',
    [
      '192.0.0.0/24',
      '192.0.2.0/24',
      '198.18.0.0/15',
      '198.51.100.0/24',
      '203.0.113.0/24',
      '240.0.0.0/4',
      '100::/64',
      '2001:db8::/32',
      '3fff::/20',
      '5f00::/16',
    ].map(block),
  ],
]
