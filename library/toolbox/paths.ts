/**
 * The path of a request target after one percent-decoding, without query; `undefined` when the encoding is malformed or not UTF-8.
 * An encoded slash becomes a slash: this is the path as a file system would see it, not as a router does.
 */
export function decodePath(target: string): string | undefined {
  const path = rawPath(target)
  if (path.indexOf('%') === -1) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/**
 * Whether the path part of a request target has a segment `.` or `..`, written plainly, with backslashes, or percent-encoded up to three
 * times over. Browsers resolve such segments before they send; who sends one wants it to reach a file system. Source: CWE-22.
 */
export function hasDotSegments(target: string): boolean {
  if (target.indexOf('.') === -1 && target.indexOf('%') === -1) return false
  let path = rawPath(target)
  if (DOT_SEGMENT.test(path)) return true
  for (let pass = 0; pass < 3 && path.indexOf('%') !== -1; pass++) {
    path = path.replace(ENCODED_ASCII, decodeOne)
    if (DOT_SEGMENT.test(path)) return true
  }
  return false
}

/**
 * Resolves `.` and `..` and repeated slashes of a decoded path; backslashes count as slashes.
 * The answer begins with `/` and never leads above it; a slash at the end stays.
 */
export function normalisePath(path: string): string {
  const segments: string[] = []
  const parts = path.split(/[\\/]+/)
  for (const part of parts) {
    if (part === '..') segments.pop()
    else if (part !== '' && part !== '.') segments.push(part)
  }
  const last = parts.at(-1)
  const isFolder = last === '' || last === '.' || last === '..'
  return segments.length === 0 ? '/' : `/${segments.join('/')}${isFolder ? '/' : ''}`
}

const DOT_SEGMENT = /(?:^|[\\/])\.{1,2}(?:[\\/]|$)/
const ENCODED_ASCII = /%([0-7][0-9a-f])/gi

function decodeOne(_: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16))
}

/** The path of an origin-form or absolute-form target (RFC 9112, 3.2), as it was sent. */
function rawPath(target: string): string {
  let start = 0
  if (target.charCodeAt(0) !== 0x2f) {
    const authority = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target)
    if (authority) start = authority[0].length
  }
  const end = target.slice(start).search(/[?#]/)
  return end === -1 ? target.slice(start) : target.slice(start, start + end)
}
