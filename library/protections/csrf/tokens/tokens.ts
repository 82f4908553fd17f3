import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { constantTimeEqual, fillRandom, hmac } from '../../../toolbox/tokens.ts'

/** Why a token does not count, or that it does. `foreign`: made for somebody else, or not here at all; both look the same. */
export type Judged = 'valid' | 'malformed' | 'foreign' | 'expired'

/** Seconds since the epoch, then the first 224 bits of an HMAC-SHA-256. */
const TIME = 4
const SIZE = 32
/** Mask and masked content, 64 bytes in base64url. */
const TOKEN = /^[\w-]{86}$/

/**
 * Makes and judges tokens that are good for one visitor only: an HMAC over the time and what the token is bound to, behind a new
 * mask each time it is shown.
 *
 * **Security**: without the mask, a compressed page would tell the token letter by letter to whoever can add to the page and see its
 * length (BREACH, CVE-2013-3587).
 */
export class Tokens {
  readonly #keys: readonly KeyObject[]
  readonly #newest: KeyObject
  readonly #lifetime: number
  readonly #now: () => number

  /** Keys: newest first; every one of them judges, the first one makes. Throws a `RangeError` when there is none. */
  constructor(app: string, keys: readonly string[], lifetime: number, now: () => number) {
    // A key made for this purpose alone: nothing else that the same secret signs can pass for a token.
    this.#keys = keys.map((key) => createSecretKey(createHmac('sha256', key).update(`bulwark csrf ${app}`).digest()))
    const [newest] = this.#keys
    if (newest === undefined) throw new RangeError('Tokens need a key')
    this.#newest = newest
    this.#lifetime = lifetime
    this.#now = now
  }

  /** The token itself, before it is masked. */
  make(bound: string): Buffer {
    const content = Buffer.allocUnsafe(SIZE)
    content.writeUInt32BE(Math.floor(this.#now() / 1000) >>> 0)
    seal(this.#newest, content, bound).copy(content, TIME)
    return content
  }

  judge(token: string, bounds: readonly string[]): Judged {
    const content = unmask(token)
    if (content === undefined) return 'malformed'
    if (!bounds.some((bound) => this.#isFor(content, bound))) return 'foreign'
    // In both directions: after a clock was set back, the tokens made before are still good.
    const age = Math.abs(this.#now() - content.readUInt32BE() * 1000)
    return age < this.#lifetime ? 'valid' : 'expired'
  }

  /** Ties a visitor without a session to the session that the same answer began. */
  link(guest: string, bound: string): string {
    return linkBy(this.#newest, guest, bound)
  }

  isLink(text: string, guest: string, bound: string): boolean {
    return this.#keys.some((key) => constantTimeEqual(text, linkBy(key, guest, bound)))
  }

  #isFor(content: Buffer, bound: string): boolean {
    return this.#keys.some((key) => timingSafeEqual(seal(key, content, bound), content.subarray(TIME)))
  }
}

export function mask(content: Buffer): string {
  const bytes = Buffer.allocUnsafe(SIZE * 2)
  fillRandom(bytes.subarray(0, SIZE))
  for (let i = 0; i < SIZE; i++) bytes[SIZE + i] = (content[i] ?? 0) ^ (bytes[i] ?? 0)
  return bytes.toString('base64url')
}

function unmask(token: string): Buffer | undefined {
  if (!TOKEN.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64url')
  const content = Buffer.allocUnsafe(SIZE)
  for (let i = 0; i < SIZE; i++) content[i] = (bytes[i] ?? 0) ^ (bytes[SIZE + i] ?? 0)
  return content
}

function seal(key: KeyObject, content: Buffer, bound: string): Buffer {
  const text = `token ${content.readUInt32BE()} ${bound}`
  return createHmac('sha256', key)
    .update(text)
    .digest()
    .subarray(0, SIZE - TIME)
}

function linkBy(key: KeyObject, guest: string, bound: string): string {
  return hmac(key, `link ${guest} ${bound}`)
}
