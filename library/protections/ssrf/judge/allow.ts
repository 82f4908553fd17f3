import { BulwarkError } from '../../../core/errors.ts'
import { type Cidr, inCidr, parseCidr, parseIp } from '../../../toolbox/ip.ts'
import { canonicalHost } from './hosts.ts'

/** Inner machines that clients may name. */
export interface Allowed {
  has(host: string, address: string, port: number): boolean
}

/**
 * Reads a list of hosts (`hooks.example`, `hooks.example:8443`, `*.inner.example`), addresses and blocks (`10.1.0.0/16`).
 *
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for an entry that is none of them
 */
export function parseAllowed(entries: readonly string[], at: string): Allowed {
  const blocks: Cidr[] = []
  const hosts = new Set<string>()
  const endings: string[] = []
  entries.forEach((entry, i) => {
    const block = parseCidr(entry)
    if (block !== undefined) blocks.push(block)
    else if (/^\*\.[\w-]+(?:\.[\w-]+)+$/.test(entry)) endings.push(entry.slice(1).toLowerCase())
    else if (/^[\w-]+(?:\.[\w-]+)*(?::\d{1,5})?$/.test(entry)) hosts.add(entry.toLowerCase())
    else throw invalid(`${at}[${i}]`)
  })
  return {
    has(host, address, port) {
      const name = canonicalHost(host)
      if (hosts.has(name) || hosts.has(`${name}:${port}`) || endings.some((ending) => name.endsWith(ending)))
        return true
      const bytes = blocks.length > 0 ? parseIp(address) : undefined
      return bytes !== undefined && blocks.some((block) => inCidr(bytes, block))
    },
  }
}

function invalid(at: string): BulwarkError {
  return new BulwarkError('BULWARK_POLICY_INVALID', 'this names no host and no block of addresses', {
    at,
    fix: 'write a host such as hooks.example or hooks.example:8443, *.inner.example, an address, or a block such as 10.1.0.0/16',
  })
}
