import { isIP } from 'node:net'
import { canonicalIp, inCidr, parseCidr, parseIp } from '../toolbox/ip.ts'
import { invalid } from './private-keys.ts'

/** A name that a certificate is for: a host name, perhaps with `*.` in front, or an IP address. */
export interface CertificateName {
  readonly kind: 'dns' | 'ip'
  readonly name: string
}

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/

/**
 * Reads a name for a certificate: `localhost`, `app.example`, `*.app.example`, `127.0.0.1`, `::1`.
 * International names are written in their ASCII form (`xn--...`), as certificates hold them.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`
 */
export function parseName(text: string): CertificateName {
  const name = text.trim().toLowerCase().replace(/\.$/, '')
  const bare = name.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return { kind: 'ip', name: canonicalIp(bare) ?? bare }
  const labels = name.replace(/^\*\./, '').split('.')
  const isName = name.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '')
  // "*.example" alone would be every site of a whole registry.
  const isWide = name.startsWith('*.') && labels.length < 2
  if (isName && !isWide) return { kind: 'dns', name }
  throw invalid(
    'a certificate cannot be made for one of these names',
    'write host names such as app.example.test or *.app.example.test, or IP addresses, without a scheme and a port',
  )
}

/** Whether a certificate for `pattern` is good for `name`. Source: RFC 6125, 6.4.3: `*` stands for one whole label. */
export function isNamed(pattern: CertificateName, name: CertificateName): boolean {
  if (pattern.kind !== name.kind) return false
  if (pattern.name === name.name) return true
  if (!pattern.name.startsWith('*.')) return false
  const dot = name.name.indexOf('.')
  return dot > 0 && name.name.slice(dot) === pattern.name.slice(1)
}

/** Whether a name is inside what an authority may sign for: a domain with everything below it, or a network. */
export function isInside(name: CertificateName, permitted: readonly string[]): boolean {
  return permitted.some((space) => {
    if (name.kind === 'ip') return space.includes('/') && inNetwork(name.name, space)
    const host = name.name.replace(/^\*\./, '')
    return !space.includes('/') && (host === space || host.endsWith(`.${space}`))
  })
}

/** A common name for people; it has room for 64 characters (RFC 5280, appendix A). Given as data, nothing in it has a meaning. */
export function toDistinguishedName(text: string): { CN: string[] }[] {
  return [{ CN: [text.slice(0, 64)] }]
}

function inNetwork(address: string, space: string): boolean {
  const [block, own] = [parseCidr(space), parseIp(address)]
  return block !== undefined && own !== undefined && inCidr(own, block)
}
