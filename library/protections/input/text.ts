import type { FieldError } from '../../core/schema.ts'

/** Control characters (C0 but for tab and line breaks, DEL, C1) and halves of a surrogate pair: no text of a person has them. */
const UNFIT =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
const DEEPEST = 64

/** The first text in a value that no person could have written. **Security**: CWE-176, CWE-158. */
export function unfitText(value: unknown, path = '', depth = 0): FieldError | undefined {
  if (typeof value === 'string') {
    return UNFIT.test(value) ? { path, message: 'has characters that no text has' } : undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === DEEPEST) return { path, message: 'is nested too deep' }
  for (const key of Object.keys(value)) {
    if (UNFIT.test(key)) return { path, message: 'has a key with characters that no text has' }
    const found = unfitText((value as Record<string, unknown>)[key], joinPath(path, key), depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** The same value with every text in it in one Unicode form; the value itself is left as it is. */
export function normalized(value: unknown, form: 'NFC' | 'NFKC'): unknown {
  if (typeof value === 'string') return value.normalize(form)
  if (Array.isArray(value)) return value.map((entry) => normalized(entry, form))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, normalized(entry, form)]))
}

export function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
