/**
 * Whether the text is a host with or without a port, as it stands in a Host header: letters, digits, dots, hyphens and underscores, or an
 * IPv6 address in brackets. User names, lists, blanks and control characters are none.
 */
export function isHost(text: string): boolean {
  const { length } = text
  if (length === 0 || length > 260) return false
  let i = 0
  if (text.charCodeAt(0) === 0x5b) {
    i = 1
    while (i < length && isIpv6Part(text.charCodeAt(i))) i++
    if (i < 4 || text.charCodeAt(i) !== 0x5d) return false
    i++
  } else {
    while (i < length && isNamePart(text.charCodeAt(i))) i++
    if (i === 0 || text.charCodeAt(0) === 0x2e) return false
  }
  if (i === length) return true
  if (text.charCodeAt(i) !== 0x3a || i + 1 === length || length - i > 6) return false
  for (i++; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return false
  }
  return true
}

/** The authority of a target in absolute form (`http://host/path`), or `undefined` when it has none that can be read. */
export function authorityOf(target: string): string | undefined {
  return /^https?:\/\/([^/?#]*)(?:[/?#]|$)/i.exec(target)?.[1]
}

/** The hosts in `Forwarded: for=…;host=…` (RFC 7239), quotes removed. */
export function forwardedHosts(header: string): readonly string[] {
  return [...header.matchAll(/(?:^|[;,])\s*host\s*=\s*(?:"([^"]*)"|([^;,\s]*))/gi)].map(
    (match) => match[1] ?? match[2] ?? '',
  )
}

function isNamePart(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x2e ||
    code === 0x2d ||
    code === 0x5f
  )
}

function isIpv6Part(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x3a) || (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46) || code === 0x2e
  )
}
