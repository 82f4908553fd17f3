/**
 * Whether a value is more than plain data: patterns (which may take for ever), errors, memory that is shared, lists with holes (which may be
 * as long as they say), the same object twice (which may have no end), or a key that reaches prototypes.
 */
export function holdsMoreThanData(value: unknown): boolean {
  const open: unknown[] = [value]
  const seen = new Set<object>()
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next !== 'object' || next === null) continue
    if (next instanceof RegExp || next instanceof Error || next instanceof SharedArrayBuffer) return true
    if (next instanceof Date || next instanceof ArrayBuffer) continue
    if (ArrayBuffer.isView(next)) {
      if (next.buffer instanceof SharedArrayBuffer) return true
      continue
    }
    if (seen.has(next)) return true
    seen.add(next)
    const keys = Object.keys(next)
    if (Array.isArray(next) && keys.length !== next.length) return true
    for (const key of keys) {
      if (key === '__proto__') return true
      open.push((next as Record<string, unknown>)[key])
    }
    if (next instanceof Map) for (const [key, below] of next) open.push(key, below)
    else if (next instanceof Set) for (const item of next) open.push(item)
  }
  return false
}
