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
  return first === 0x2f || first === 0x5c || /^[A-Za-z]:/.test(path)
}

/** The form in which paths are compared to what a client sent. */
export function comparable(text: string): string {
  return text.replaceAll('\\', '/').toLowerCase()
}

export function hasSegments(path: string, least: number): boolean {
  let count = 0
  for (const segment of path.split(/[\\/]/)) if (segment !== '' && segment !== '.' && ++count >= least) return true
  return least <= 0
}
