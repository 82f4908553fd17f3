import { BulwarkError } from '../../../core/errors.ts'
import type { KeyRing, RingKey } from '../../../core/keys.ts'
import { parseDuration } from '../../../toolbox/duration.ts'
import { perVersion } from '../../../toolbox/per-version.ts'

/** What is said about a value when it is sealed or signed, and has to be said again when it is opened. */
export interface About {
  /**
   * Whose it is or where it belongs, such as `person:42`. It is not stored: a value that is moved to another row does not open there.
   * @default ''
   */
  readonly context?: string
}

export interface Lasting extends About {
  /** How long it opens, such as `'15m'`; a number is milliseconds. Counted in whole seconds. @default for ever */
  readonly ttl?: string | number
}

/** What both sides agree on for one purpose. */
export interface Ring<Key> {
  /** @throws BulwarkError `BULWARK_KEYS_MISSING` when there is no active key */
  active(): { readonly id: string; readonly key: Key }
  /** The key of these six bytes, if it still opens anything. */
  find(head: Buffer): Key | undefined
  /** Every key that still opens something, the active one first. */
  all(): readonly { readonly id: string; readonly key: Key }[]
}

/** Six bytes that name the key, and five that say when it ends, in seconds; 0 is never. */
export const HEAD = 11
const ID = 6
const MOST_SECONDS = 2 ** 40 - 1
const PURPOSE = /^[A-Za-z0-9](?:[\w.:/-]{0,62}[A-Za-z0-9])?$/

/** Keys for one purpose, derived when they are first needed and again when the ring has changed. */
export function ringFor<Key>(ring: KeyRing, purpose: string, make: (bytes: Uint8Array) => Key): Ring<Key> {
  const current = perVersion(ring, () => {
    const usable = ring.usable(purpose).map((key) => ({ id: key.id, state: key.state, ...lazily(key, purpose, make) }))
    return { usable, byId: new Map(usable.map((key) => [key.id, key])) }
  })
  return {
    active() {
      const [first] = current().usable
      if (first?.state === 'active') return first
      throw new BulwarkError('BULWARK_KEYS_MISSING', 'there is no key to seal or sign with', {
        at: 'policy.keys',
        fix: 'make one with npx @bulwark/cli keys new, and hand it in from the environment, the same in every process',
      })
    },
    find: (head) => current().byId.get(head.toString('hex', 0, ID))?.key,
    all: () => current().usable,
  }
}

/** Checks a purpose: a word of the program, which keeps one kind of sealed data from passing for another. */
export function checkPurpose(purpose: string, at?: string): string {
  if (typeof purpose === 'string' && PURPOSE.test(purpose)) return purpose
  throw invalid(
    'a purpose is up to 64 letters, digits and . : / _ -',
    "write it in the source, such as box('notes')",
    at,
  )
}

/** Writes the key and the end at the beginning of `target`. */
export function writeHead(target: Buffer, id: string, expires: number): void {
  target.write(id, 0, ID, 'hex')
  target.writeUIntBE(expires, ID, HEAD - ID)
}

/** Whether what begins with this head has ended. */
export function isOver(head: Buffer, now: number): boolean {
  const expires = head.readUIntBE(ID, HEAD - ID)
  return expires !== 0 && expires * 1000 <= now
}

/** The second at which something ends; 0 for never. @throws BulwarkError `BULWARK_SEAL_INVALID` */
export function expiryOf(ttl: string | number | undefined, now: number): number {
  if (ttl === undefined) return 0
  const ms = parseDuration(ttl)
  const seconds = Math.floor((now + (ms ?? 0)) / 1000)
  if (ms !== undefined && ms >= 1000 && seconds <= MOST_SECONDS) return seconds
  throw invalid('this is no time to live', "write it like '15m'; at least a second")
}

/** The context as bytes. @throws BulwarkError `BULWARK_SEAL_INVALID` for what two contexts could share */
export function contextBytes(context: string | undefined): Uint8Array {
  if (context === undefined || context === '') return NONE
  if (typeof context !== 'string' || !isWellFormed(context)) {
    throw invalid('a context is a text in Unicode', 'say whose it is, such as person:42')
  }
  return Buffer.from(context)
}

/**
 * Reads strict Base64: the one text that stands for these bytes.
 * **Security**: Node skips what is no Base64 and ignores the last bits, so many texts would stand for one sealed value.
 */
export function strictBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** A letter's worth of how a value was written down, so that it comes back as it was. */
export function toBytes(value: string | Uint8Array): { readonly form: number; readonly bytes: Uint8Array } {
  if (typeof value === 'string') {
    // UTF-8 has no lone surrogates: all of them would come back as the same character.
    return isWellFormed(value)
      ? { form: 0, bytes: Buffer.from(value) }
      : { form: 1, bytes: Buffer.from(value, 'utf16le') }
  }
  if (value instanceof Uint8Array) return { form: 2, bytes: value }
  throw invalid(
    'only text and bytes can be sealed or signed',
    'write other values as text first, such as with JSON.stringify',
  )
}

/** The text that {@link toBytes} wrote down; `undefined` for bytes. */
export function toText(form: number | undefined, bytes: Buffer): string | undefined {
  return form === 0 ? bytes.toString('utf8') : form === 1 ? bytes.toString('utf16le') : undefined
}

export function invalid(what: string, fix: string, at?: string): BulwarkError {
  return new BulwarkError('BULWARK_SEAL_INVALID', what, { fix, ...(at !== undefined && { at }) })
}

const NONE = new Uint8Array(0)
/** Older than the list of what the language has here, and five times as quick as a pattern. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed()
}

/** Old keys are derived when something that they sealed comes. */
function lazily<Key>(key: RingKey, purpose: string, make: (bytes: Uint8Array) => Key): { readonly key: Key } {
  let made: Key | undefined
  return {
    get key() {
      return (made ??= make(key.derive(purpose)))
    },
  }
}
