/**
 * One number for a value, such that what an app and its libraries make of a value on the way to the database has the number of what came:
 * `'5'` is like `5`, `'true'` like `true`, an identifier like its text, one value like a list of it, and a list like what forms make of one.
 * Values that are not alike may have the same number, though hardly by chance. Takes time in proportion to the value, however deep it is.
 */
export class Likeness {
  readonly #known = new Map<object, number>()

  of(value: unknown): number {
    if (!isBranch(value)) return ofScalar(value)
    // What has been opened is on the way; what is closed has its number. No recursion: the client decides how deep it goes.
    const open: object[] = [value]
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const known = this.#known.get(top)
      if (known === undefined) {
        this.#known.set(top, OPEN)
        for (const key in top) {
          const child: unknown = (top as Branch)[key]
          if (isBranch(child) && !this.#known.has(child)) open.push(child)
        }
        continue
      }
      if (known === OPEN) this.#known.set(top, this.#ofBranch(top as Branch))
      open.pop()
    }
    return this.#known.get(value) as number
  }

  #ofBranch(branch: Branch): number {
    let sum = 0
    let items = 0
    let first = 0
    let isList = true
    for (const key in branch) {
      const child = branch[key]
      const number = isBranch(child) ? (this.#known.get(child) ?? 0) : ofScalar(child)
      if (items === 0) first = number
      // Forms number what they send as they like; what counts is the order.
      isList &&= /^\d+$/.test(key)
      sum = (sum + mix(isList ? items : ofText(key), number)) | 0
      items++
    }
    if (isList) return items === 1 ? first : sum
    // The places of keys that looked like a list's were counted before the first that did not.
    sum = 0
    for (const key in branch) {
      const child = branch[key]
      sum = (sum + mix(ofText(key), isBranch(child) ? (this.#known.get(child) ?? 0) : ofScalar(child))) | 0
    }
    return sum
  }
}

export type Branch = { readonly [key: string]: unknown }

/** Whether a value is a list or an object that may hold others, and no value of the database such as a date or an identifier. */
export function isBranch(value: unknown): value is Branch {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return true
  return !(value instanceof Date || value instanceof RegExp || ArrayBuffer.isView(value) || isBson(value))
}

/** Identifiers, decimals and the like bring their kind by their class. **Security**: JSON can only bring it as a key of its own. */
export function isBson(value: object): value is { readonly _bsontype: string } {
  return typeof (value as { _bsontype?: unknown })._bsontype === 'string' && !Object.hasOwn(value, '_bsontype')
}

const OPEN = -1

function ofScalar(value: unknown): number {
  if (typeof value === 'string') return ofText(value)
  if (value === null || value === undefined) return ofText('')
  if (typeof value === 'boolean') return ofText(value ? '1' : '0')
  if (value instanceof RegExp) return ofText(value.source)
  if (value instanceof Date) return ofText(String(value.getTime()))
  return ofText(String(value))
}

function ofText(raw: string): number {
  const text = plain(raw.trim().toLowerCase())
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash === OPEN ? 0 : hash
}

/** The one form of texts that are written in several ways and cast to the same value. */
function plain(text: string): string {
  if (text === 'true' || text === 'yes') return '1'
  if (text === 'false' || text === 'no') return '0'
  if (text.length > 40 || !/^[-+.\d]/.test(text)) return text
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(text)) return String(Number(text))
  return /^\d{4}-\d\d/.test(text) && !Number.isNaN(Date.parse(text)) ? String(Date.parse(text)) : text
}

function mix(key: number, value: number): number {
  return Math.imul(key ^ Math.imul(value ^ (value >>> 15), 0x85ebca6b), 0xc2b2ae35)
}
