import type { FieldError, SchemaIssue } from '../../core/schema.ts'
import { type Path, pathOf, valueAt } from './path.ts'
import type { Shape } from './shape.ts'

const MOST = 32
const LONGEST = 200
const PLAIN = 'is not valid'

/**
 * What is wrong, for the client: where, and the schema's own words. **Security**: words that repeat something the client sent, be it a value
 * or a key, are replaced, since problem documents end up in pages and logs (CWE-79, CWE-117, CWE-532).
 */
export function errorsOf(issues: readonly SchemaIssue[], raw: unknown, shape: Shape): readonly FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  const sent = textsIn(raw, shape)
  for (const issue of issues) {
    const path = knownPart(pathOf(issue), shape)
    const value = valueAt(raw, pathOf(issue))
    const message = isEcho(issue.message, sent, value) ? PLAIN : issue.message
    const key = `${path} ${message}`
    if (seen.has(key)) continue
    seen.add(key)
    errors.push({ path, message })
    if (errors.length === MOST) break
  }
  return errors
}

/** The path as far as the schema knows its keys: the rest the client has made up. */
export function knownPart(path: Path, shape: Shape): string {
  const known: string[] = []
  let at: Shape | undefined = shape
  for (const key of path) {
    if (/^\d{1,6}$/.test(key)) {
      known.push(key)
      continue
    }
    const below: Shape | undefined = at?.keys.get(key)
    if (below === undefined) break
    known.push(key)
    at = below
  }
  return known.join('.')
}

function isEcho(message: string, sent: readonly string[], value: unknown): boolean {
  if (message.length > LONGEST) return true
  if (typeof value === 'string' && value !== '' && isQuoted(message, value)) return true
  if ((typeof value === 'number' || typeof value === 'bigint') && /\bwas\b|\breceived\b|\bgot\b/i.test(message)) {
    return message.includes(String(value))
  }
  return sent.some((text) => (text.length >= 4 ? message.includes(text) : isQuoted(message, text)))
}

function isQuoted(message: string, text: string): boolean {
  return ['"', "'", '`'].some((quote) => message.includes(quote + text + quote)) || message.endsWith(` ${text}`)
}

/** The texts that were sent, and the keys that the client made up; of very many only the first. */
function textsIn(raw: unknown, shape: Shape): readonly string[] {
  const texts: string[] = []
  const collect = (value: unknown, at: Shape | undefined, depth: number): void => {
    if (texts.length >= 256 || depth > 8) return
    if (typeof value === 'string') {
      if (value !== '') texts.push(value)
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, below] of Object.entries(value)) {
        const isEntry = Array.isArray(value)
        if (!isEntry && at?.keys.has(key) !== true) texts.push(key)
        collect(below, isEntry ? at : at?.keys.get(key), depth + 1)
      }
    }
  }
  collect(raw, shape, 0)
  return texts
}
