import { type Doc, isDoc } from './values.ts'

/**
 * What a dotted path reaches: one value for each way through the arrays between, and `undefined` where a field is missing.
 * An array at the end is one value.
 */
export function reach(doc: unknown, path: string): unknown[] {
  const found: unknown[] = []
  walk(doc, path.split('.'), 0, found)
  return found
}

/** What operators look at: what the path reaches, and where that is an array, each of its elements besides. */
export function candidates(doc: unknown, path: string): unknown[] {
  return reach(doc, path).flatMap((value) => (Array.isArray(value) ? [...value, value] : [value]))
}

/** The value of a dotted path through documents only, or `undefined`. */
export function valueAt(doc: Doc, path: string): unknown {
  let value: unknown = doc
  for (const part of path.split('.')) {
    if (isDoc(value)) value = ownValue(value, part)
    else if (Array.isArray(value) && isIndex(part)) value = value[Number(part)]
    else return undefined
  }
  return value
}

function walk(value: unknown, parts: readonly string[], at: number, found: unknown[]): void {
  const part = parts[at]
  if (part === undefined) {
    found.push(value)
    return
  }
  if (isDoc(value)) {
    walk(ownValue(value, part), parts, at + 1, found)
    return
  }
  if (!Array.isArray(value)) {
    found.push(undefined)
    return
  }
  if (isIndex(part) && Number(part) < value.length) walk(value[Number(part)], parts, at + 1, found)
  // Only one level: the elements of an array in an array are not looked into.
  for (const element of value) if (isDoc(element)) walk(element, parts, at, found)
}

function ownValue(doc: Doc, name: string): unknown {
  return Object.hasOwn(doc, name) ? doc[name] : undefined
}

function isIndex(part: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(part)
}
