import { parseCidr } from '../toolbox/ip.ts'

/** Identifiers of what a certificate may be used for, and of the extension that bounds an authority. */
export const OIDS = {
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
  nameConstraints: '2.5.29.30',
  acmeIdentifier: '1.3.6.1.5.5.7.1.31',
} as const

/**
 * Names and networks that nobody on the internet has: reserved by RFC 2606, RFC 6761, RFC 6762, RFC 8375 and ICANN's `internal`; private and
 * loopback addresses.
 */
export const LOCAL: readonly string[] = [
  ...['localhost', 'test', 'example', 'invalid', 'local', 'internal', 'home.arpa'],
  ...['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'],
  ...['::1/128', 'fc00::/7', 'fe80::/10'],
]

/**
 * The extension that keeps an authority to these domains (with all below them) and networks, in DER.
 *
 * **Security**: whoever trusts a local authority would otherwise trust whoever copies its key to speak for every site there is.
 * Source: RFC 5280, 4.2.1.10.
 */
export function nameConstraints(permitted: readonly string[]): Uint8Array<ArrayBuffer> {
  const subtrees = permitted.map((space) => {
    const block = space.includes('/') ? parseCidr(space) : undefined
    const name = block
      ? tagged(0x87, networkBytes(block.bytes, block.prefix))
      : tagged(0x82, Buffer.from(space, 'latin1'))
    return tagged(0x30, name)
  })
  return Uint8Array.from(tagged(0x30, tagged(0xa0, Buffer.concat(subtrees))))
}

/** An address and its mask, side by side. */
function networkBytes(bytes: Uint8Array, prefix: number): Buffer {
  const mask = bytes.map((_, i) => 0xff & ~(0xff >> Math.min(8, Math.max(0, prefix - i * 8))))
  return Buffer.concat([bytes, mask])
}

function tagged(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Uint8Array.from([tag, ...size]), content])
}
