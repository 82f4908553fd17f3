/** What is wrong with a path. `FINE` is nothing; the order has no meaning. */
export const FINE = 0
export const TOO_LONG = 1
export const DOT_SEGMENT = 2
export const ENCODED_SLASH = 3
export const BACKSLASH = 4
export const CONTROL = 5
export const MALFORMED = 6
export const DOUBLE_ENCODED = 7
export const NOT_ASCII = 8
export const DOUBLE_SLASH = 9
export const PARAMETER = 10

/** What is let through. */
export interface Leave {
  readonly encodedSlash: boolean
  readonly doubleSlash: boolean
  readonly parameters: boolean
}

/**
 * Goes once over the path of a request target, without allocating, and answers the first thing that is wrong with it.
 *
 * Encoded slashes and backslashes part segments like plain ones, so dot segments are found however they are written.
 */
export function scanPath(target: string, leave: Leave): number {
  const { length } = target
  let i = target.charCodeAt(0) === 0x2f ? 0 : pathStart(target)
  if (!leave.doubleSlash && isSlash(target.charCodeAt(i)) && isSlash(target.charCodeAt(i + 1))) return DOUBLE_SLASH
  /** Characters of the segment so far, and how many of them are dots. */
  let size = 0
  let dots = 0
  let isWide = false
  for (; i < length; i++) {
    let code = target.charCodeAt(i)
    if (code === 0x3f) break
    if (code < 0x21 || code === 0x7f) return CONTROL
    if (code > 0x7e) return NOT_ASCII
    // Nothing of an address behind `#` is ever sent by a client that knows what it does.
    if (code === 0x23) return MALFORMED
    if (code === 0x5c) return BACKSLASH
    let isEncoded = false
    if (code === 0x25) {
      code = hexAt(target, i + 1)
      if (code < 0) return MALFORMED
      i += 2
      isEncoded = true
      if (code < 0x20 || code === 0x7f) return CONTROL
      if (code >= 0x80) isWide = true
      if (code === 0x5c) return BACKSLASH
      if (code === 0x25 && isTelling(hexAt(target, i + 1))) return DOUBLE_ENCODED
      if (code === 0x2f && !leave.encodedSlash) return isDots(size, dots) ? DOT_SEGMENT : ENCODED_SLASH
    }
    if (code === 0x2f) {
      if (isDots(size, dots)) return DOT_SEGMENT
      size = 0
      dots = 0
    } else if (code === 0x3b) {
      // `..;` is `..` to servers that cut parameters off their segments.
      if (isDots(size, dots)) return DOT_SEGMENT
      if (!leave.parameters && !isEncoded) return PARAMETER
      size++
    } else {
      size++
      if (code === 0x2e) dots++
    }
  }
  if (isDots(size, dots)) return DOT_SEGMENT
  return isWide && !isUtf8(target.slice(0, i)) ? MALFORMED : FINE
}

/** Where the path begins in a target of absolute form (its end when there is none); the whole of any other. */
function pathStart(target: string): number {
  const scheme = target.indexOf('://')
  if (scheme === -1) return 0
  for (let i = scheme + 3; i < target.length; i++) {
    const code = target.charCodeAt(i)
    if (code === 0x2f || code === 0x3f || code === 0x5c) return i
  }
  return target.length
}

function isSlash(code: number): boolean {
  return code === 0x2f || code === 0x5c
}

function isDots(size: number, dots: number): boolean {
  return size === dots && (dots === 1 || dots === 2)
}

/** What would mean something if it was decoded a second time: dots, slashes, percent signs, controls. */
function isTelling(code: number): boolean {
  return code >= 0 && (code < 0x20 || code === 0x25 || code === 0x2e || code === 0x2f || code === 0x5c || code === 0x7f)
}

/** The byte that two hexadecimal digits stand for, or -1. */
function hexAt(text: string, at: number): number {
  const high = digit(text.charCodeAt(at))
  const low = digit(text.charCodeAt(at + 1))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

/** `charCodeAt` behind the end is NaN, which no comparison holds for. */
function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** Overlong forms such as `%c0%af` are refused too: some readers take them for a slash. */
function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
