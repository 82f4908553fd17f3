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
  let from = 0
  let isFolder = true
  for (let i = 0; i <= path.length; i++) {
    const code = i === path.length ? SLASH : path.charCodeAt(i)
    if (code !== SLASH && code !== BACKSLASH) continue
    const size = i - from
    const isDot = size === 0 || (size === 1 && path.charCodeAt(from) === DOT)
    const isUp = size === 2 && path.charCodeAt(from) === DOT && path.charCodeAt(from + 1) === DOT
    if (isUp) segments.pop()
    else if (!isDot) segments.push(path.slice(from, i))
    isFolder = isDot || isUp
    from = i + 1
  }
  return segments.length === 0 ? '/' : `/${segments.join('/')}${isFolder ? '/' : ''}`
}

const SLASH = 0x2f
const BACKSLASH = 0x5c
const DOT = 0x2e
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
