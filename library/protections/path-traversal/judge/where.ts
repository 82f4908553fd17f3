import { normalisePath } from '../../../toolbox/paths.ts'

/** A path from the root, without dots, with slashes only and without one at its end. Backslashes are slashes: on some system they are. */
export function absolutePath(path: string): string {
  const rooted = isRooted(path) ? path : `${process.cwd()}/${path}`
  const plain = normalisePath(rooted)
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain
}

/** Whether a path is a folder or something below it. Both from {@link absolutePath}. */
export function isInside(folder: string, path: string): boolean {
  return folder === '/' || path === folder || (path.startsWith(folder) && path.charCodeAt(folder.length) === 0x2f)
}

export function isRooted(path: string): boolean {
  const first = path.charCodeAt(0)
  return first === SLASH || first === BACKSLASH || (path.charCodeAt(1) === COLON && /^[A-Za-z]/.test(path))
}

/** The form in which paths are compared to what a client sent. */
export function comparable(text: string): string {
  return text.replaceAll('\\', '/').toLowerCase()
}

export function hasSegments(path: string, least: number): boolean {
  let count = 0
  let from = 0
  for (let i = 0; i <= path.length && count < least; i++) {
    const code = i === path.length ? SLASH : path.charCodeAt(i)
    if (code !== SLASH && code !== BACKSLASH) continue
    const size = i - from
    if (size > 1 || (size === 1 && path.charCodeAt(from) !== DOT)) count++
    from = i + 1
  }
  return count >= least
}

/** Whether a path in the form that paths are compared in is from the root on and has nothing to resolve. */
export function isPlain(path: string): boolean {
  if (path.charCodeAt(0) !== SLASH) return false
  let before = 0
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (before === SLASH && (code === SLASH || code === DOT)) return false
    before = code
  }
  return before !== SLASH
}

const SLASH = 0x2f
const BACKSLASH = 0x5c
const DOT = 0x2e
const COLON = 0x3a
