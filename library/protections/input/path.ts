import type { SchemaIssue } from '../../core/schema.ts'

export type Path = readonly string[]

/** The keys on the way to what an issue is about. */
export function pathOf(issue: SchemaIssue): Path {
  return (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
}

/** What stands at a path, by own keys only. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<string, unknown>)[key]
  }
  return at
}

/** A copy in which something else stands at a path that exists; what is not on the way is shared with the original. */
export function withValueAt(value: unknown, path: Path, replacement: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return replacement
  if (Array.isArray(value)) {
    const copy = [...value]
    copy[Number(key)] = withValueAt(copy[Number(key)], rest, replacement)
    return copy
  }
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = { ...value }
  copy[key] = withValueAt(copy[key], rest, replacement)
  return copy
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
