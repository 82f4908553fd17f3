const WELL_KNOWN = '/.well-known/'

/** Whether a part of the path, as it was sent, begins with a dot, also with one that is written `%2e`. `.` and `..` are no names. */
export function isHidden(path: string): boolean {
  const isEscaped = path.includes('%')
  if (!isEscaped && !path.includes('/.')) return false
  const plain = isEscaped ? path.replace(/%2e/gi, '.').replace(/%2f/gi, '/') : path
  const rest = plain.startsWith(WELL_KNOWN) ? plain.slice(WELL_KNOWN.length - 1) : plain
  return /\/\.(?!\.?(?:\/|$))/.test(rest)
}
