import { createHmac, hash, type KeyObject, randomBytes, randomFillSync, timingSafeEqual } from 'node:crypto'

const POOL_SIZE = 8192
let pool: Buffer | undefined
let used = POOL_SIZE

/**
 * A random token in base64url that nobody can guess. @default 16 bytes, which is 22 characters
 *
 * **Security**: from the operating system's generator, read in blocks; no byte is used twice. 16 bytes are 128 bits (ASVS 5.0 11.5.1).
 * Throws a `RangeError` when the number of bytes is not a whole number from 1 to 65,536.
 */
export function randomToken(bytes = 16): string {
  return randomText(bytes, 'base64url')
}

/** As {@link randomToken}, in hexadecimal. */
export function randomHex(bytes: number): string {
  return randomText(bytes, 'hex')
}

/** Fills the bytes with random ones from the same source: for up to 1,024 of them. */
export function fillRandom(bytes: Uint8Array): void {
  if (bytes.length > POOL_SIZE / 8) throw new RangeError('At most 1,024 bytes are filled at once')
  bytes.set(takeRandom(bytes.length))
}

/** A nonce for a Content-Security-Policy: 16 random bytes in base64url. */
export function nonce(): string {
  return randomText(16, 'base64url')
}

/**
 * Whether two strings are equal, found out in a time that does not depend on where they differ.
 * The time does tell whether the lengths are equal. Source: CWE-208.
 */
export function constantTimeEqual(a: string, b: string): boolean {
  // UTF-16 is what a string is made of: UTF-8 would turn all lone surrogates into the same character.
  const bytes = Buffer.from(b, 'utf16le')
  if (a.length !== b.length) return !timingSafeEqual(bytes, bytes)
  return timingSafeEqual(Buffer.from(a, 'utf16le'), bytes)
}

/** HMAC-SHA-256 in base64url. A `KeyObject` is faster than a string where the key stays the same. */
export function hmac(key: string | KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

/** SHA-256 of the text in UTF-8, in hexadecimal. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex')
}

function randomText(bytes: number, encoding: 'base64url' | 'hex'): string {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > 65_536) {
    throw new RangeError('A random token has from 1 to 65,536 bytes')
  }
  if (bytes > POOL_SIZE / 8) return randomBytes(bytes).toString(encoding)
  return takeRandom(bytes).toString(encoding)
}

/** Bytes of the pool that nobody has had yet, and nobody will. Good until the next call. */
function takeRandom(count: number): Buffer {
  pool ??= Buffer.allocUnsafeSlow(POOL_SIZE)
  if (used + count > POOL_SIZE) {
    randomFillSync(pool)
    used = 0
  }
  used += count
  return pool.subarray(used - count, used)
}
