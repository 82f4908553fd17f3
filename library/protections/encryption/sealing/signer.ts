import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { KeyRing } from '../../../core/keys.ts'
import {
  type About,
  contextBytes,
  expiryOf,
  HEAD,
  isOver,
  type Lasting,
  type Ring,
  ringFor,
  strictBytes,
  toBytes,
  toText,
  writeHead,
} from './head.ts'

/** Signs values for one purpose: everybody can read them, nobody can change them. */
export interface Signer {
  /**
   * The value and its signature in one text: `bs1.` and Base64 that fits into URLs, cookies and JSON.
   * @throws BulwarkError `BULWARK_SEAL_INVALID`, `BULWARK_KEYS_MISSING`
   */
  sign(value: string, about?: Lasting): string
  /** The text that was signed, or `undefined`, for the same reasons as {@link Box.open}. */
  verify(signed: unknown, about?: About): string | undefined
}

const PREFIX = 'bs1.'
const MAC = 32

export function signerOf(ring: KeyRing, purpose: string, now: () => number): Signer {
  const mac = macFor(ring, 'sign', purpose)
  return {
    sign(value, about) {
      const { form, bytes } = toBytes(value)
      const content = Buffer.concat([Uint8Array.of(form), bytes])
      const stamp = mac.stamp(content, about?.context, expiryOf(about?.ttl, now()))
      return PREFIX + Buffer.concat([stamp, content]).toString('base64url')
    },
    verify(signed, about) {
      contextBytes(about?.context)
      if (typeof signed !== 'string' || !signed.startsWith(PREFIX)) return undefined
      const bytes = strictBytes(signed.slice(PREFIX.length))
      if (bytes === undefined || bytes.length < STAMP + 1) return undefined
      const content = bytes.subarray(STAMP)
      if (!mac.holds(bytes, content, about?.context) || isOver(bytes, now())) return undefined
      return toText(content[0], content.subarray(1))
    },
  }
}

/** Key, end and signature: what stands in front of a signed value, or alone in a link. */
export const STAMP: number = HEAD + MAC

export interface Mac {
  stamp(content: Uint8Array, context: string | undefined, expires: number): Buffer
  /** Whether the stamp at the beginning of `bytes` belongs to the content. It may have ended. */
  holds(bytes: Buffer, content: Uint8Array, context: string | undefined): boolean
}

/** HMAC-SHA-256 over the purpose, the head, the context with its length, and the content: no two of them can be mistaken for each other. */
export function macFor(ring: KeyRing, verb: string, purpose: string): Mac {
  const keys: Ring<KeyObject> = ringFor(ring, `${verb} ${purpose}`, (bytes) => createSecretKey(bytes))
  const label = Buffer.from(`bw1\0${verb}\0${purpose}\0`)

  const digest = (key: KeyObject, head: Buffer, context: string | undefined, content: Uint8Array): Buffer => {
    const more = contextBytes(context)
    // One buffer and one call: each call into OpenSSL costs as much as hashing a hundred bytes.
    const bytes = Buffer.allocUnsafe(label.length + HEAD + 4 + more.length + content.length)
    label.copy(bytes)
    head.copy(bytes, label.length, 0, HEAD)
    const at = bytes.writeUInt32BE(more.length, label.length + HEAD)
    bytes.set(more, at)
    bytes.set(content, at + more.length)
    return createHmac('sha256', key).update(bytes).digest()
  }

  return {
    stamp(content, context, expires) {
      const { id, key } = keys.active()
      const stamp = Buffer.allocUnsafe(STAMP)
      writeHead(stamp, id, expires)
      digest(key, stamp, context, content).copy(stamp, HEAD)
      return stamp
    },
    holds(bytes, content, context) {
      const key = bytes.length < STAMP ? undefined : keys.find(bytes)
      return key !== undefined && timingSafeEqual(digest(key, bytes, context, content), bytes.subarray(HEAD, STAMP))
    },
  }
}
