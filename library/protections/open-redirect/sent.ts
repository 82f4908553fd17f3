import type { Exchange } from '../../core/exchange.ts'

const MAX_PASSES = 3

/**
 * Whether the client's own words name the site that a redirect leads to: its host, its host as it was written, what was added to the
 * app's own host (`https://app.example` + `.evil.example`), or a target without a host, such as another scheme.
 */
export function hasSent(x: Exchange, location: string, to: URL, own: URL): boolean {
  const names = new Set<string>()
  const written = decode(location)
  if (to.hostname === '') names.add(written)
  else {
    names.add(to.hostname.toLowerCase())
    const host = hostIn(written)
    if (host !== '') names.add(host)
    if (to.hostname.startsWith(own.hostname)) names.add(to.hostname.slice(own.hostname.length))
  }
  return isNamed(decode(x.request.target), names) || isNamed(decode(bodyOf(x)), names)
}

function isNamed(text: string, names: ReadonlySet<string>): boolean {
  for (const name of names) {
    for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
      // `x.example` inside of `max.example` is another name.
      const isStart = name.startsWith('.') || name.startsWith('-') || !/[a-z0-9.-]/.test(text[at - 1] ?? ' ')
      const isEnd = !/^(?:[a-z0-9-]|\.[a-z0-9])/.test(text.slice(at + name.length, at + name.length + 2))
      if (isStart && isEnd) return true
    }
  }
  return false
}

/** The host in a target as somebody wrote it, before any parser made it pretty. */
function hostIn(written: string): string {
  const authority = /^\s*(?:[a-z][a-z0-9+.-]*:)?[/\\]*([^/\\?#]*)/.exec(written)?.[1] ?? ''
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.split(':')[0]!
}

function bodyOf(x: Exchange): string {
  const { bodySoFar } = x.request
  return bodySoFar.length === 0 ? '' : Buffer.concat(bodySoFar).toString()
}

/** Undoes percent and JSON escapes, also several on top of each other, and drops what browsers drop inside of an address. */
function decode(text: string): string {
  let plain = text
  for (let pass = 0; pass < MAX_PASSES && /[%\\]/.test(plain); pass++) {
    const next = plain.replace(/(?:%[0-9a-f]{2})+/gi, decodeBytes).replace(/\\u([0-9a-f]{4})/gi, decodeUnit)
    if (next === plain) break
    plain = next
  }
  return plain.replace(/[\t\r\n]/g, '').toLowerCase()
}

function decodeBytes(bytes: string): string {
  return Buffer.from(bytes.replaceAll('%', ''), 'hex').toString()
}

function decodeUnit(_: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16))
}
