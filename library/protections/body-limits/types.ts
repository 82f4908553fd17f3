export type BodyKind = 'json' | 'form' | 'text' | 'multipart' | 'other'

/** What the content type of a request says about its body. */
export interface BodyType {
  readonly kind: BodyKind
  /** Such as `application/json`, in lower case. */
  readonly name: string
  readonly boundary: string | undefined
  /** The bytes of ASCII mean ASCII. */
  readonly readable: boolean
}

const known = new Map<string, BodyType>()
const KNOWN_MAX = 100

/** Reads a Content-Type header. Answers from a small memory for the few types that make up nearly all traffic. */
export function readType(header: string): BodyType {
  const found = known.get(header)
  if (found !== undefined) return found
  const type = parseType(header)
  // A boundary is different each time.
  if (type.kind !== 'multipart' && known.size < KNOWN_MAX) known.set(header, type)
  return type
}

/**
 * **Security**: under UTF-16 or UTF-7 a parser would find other quotes and brackets than a judge of bytes, so such bodies are not readable;
 * of several `charset` parameters each must be harmless, because parsers disagree about which one counts.
 */
function parseType(header: string): BodyType {
  const text = header.toLowerCase()
  const semicolon = text.indexOf(';')
  const name = (semicolon === -1 ? text : text.slice(0, semicolon)).trim()
  let readable = true
  for (const [, charset = ''] of text.matchAll(/charset\*?[ \t]*=[ \t]*["']?([^\s"';,]*)/g)) {
    if (!ASCII_BASED.test(charset)) readable = false
  }
  const kind = kindOf(name)
  const boundary = kind === 'multipart' ? boundaryOf(header) : undefined
  return { kind, name, boundary, readable: kind === 'other' || kind === 'multipart' || readable }
}

const ASCII_BASED = /^(?:utf-?8|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d)$/

function kindOf(name: string): BodyKind {
  if (name === 'application/json' || name === 'text/json' || name.endsWith('+json')) return 'json'
  if (name === 'application/x-www-form-urlencoded') return 'form'
  if (name === 'multipart/form-data') return 'multipart'
  if (name === 'application/csp-report') return 'json'
  return /^text\/[a-z0-9.+-]+$/.test(name) ? 'text' : 'other'
}

/** RFC 2046, 5.1.1: up to 70 characters, quoted where they need it. */
function boundaryOf(header: string): string | undefined {
  const all = [...header.matchAll(/;[ \t]*boundary[ \t]*=[ \t]*(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70})(?=[\s;]|$))/gi)]
  const [only] = all
  return all.length === 1 ? (only?.[1] ?? only?.[2]) : undefined
}
