import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import type { KeyRing } from '../../../core/keys.ts'
import { fillRandom } from '../../../toolbox/tokens.ts'
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

/** Encrypts values for one purpose, so that nobody can read or change them. */
export interface Box {
  /**
   * A text that only {@link open} with the same purpose and context turns back: `bw1.` and Base64 that fits into URLs, cookies and JSON. It
   * is 80 characters longer than a third more than the value, and another one each time.
   * @throws BulwarkError `BULWARK_SEAL_INVALID`, `BULWARK_KEYS_MISSING`
   */
  seal(value: string | Uint8Array, about?: Lasting): string
  /**
   * The text that was sealed, or `undefined`: when it was changed or cut, is for another purpose or context, has expired, or its key is gone
   * or revoked. Which of these it was is not told.
   */
  open(sealed: unknown, about?: About): string | undefined
  /** As {@link open}, for what was sealed as bytes or as text. */
  openBytes(sealed: unknown, about?: About): Uint8Array | undefined
  /** Whether the text was sealed with the key that seals now. It need not open. */
  isCurrent(sealed: unknown): boolean
  /** The same value under the key that seals now, with the same end; `undefined` when it does not open. */
  renew(sealed: unknown, about?: About): string | undefined
}

const PREFIX = 'bw1.'
const NONCE = 12
const TAG = 16
const START = HEAD + NONCE
const ALGORITHM = 'aes-256-gcm'
const TAG_LENGTH = { authTagLength: TAG } as const

/** Whether a text looks like one that a box made: to tell sealed values from plain ones while a column is changed over. */
export function isSealed(text: unknown): boolean {
  return typeof text === 'string' && text.startsWith(PREFIX) && text.length >= 58 && /^[\w-]+$/.test(text.slice(4))
}

/**
 * A box. Under one key and purpose it can seal 2^32 values before the chance that two random nonces meet is one in four billion
 * (NIST SP 800-38D, 8.3): rotate keys of busy purposes.
 */
export function boxOf(ring: KeyRing, purpose: string, now: () => number): Box {
  const keys: Ring<KeyObject> = ringFor(ring, `seal ${purpose}`, (bytes) => createSecretKey(bytes))
  const label = Buffer.from(`bw1\0seal\0${purpose}\0`)

  const aad = (head: Buffer, more: Uint8Array): Buffer => {
    const bytes = Buffer.allocUnsafe(label.length + HEAD + more.length)
    label.copy(bytes)
    head.copy(bytes, label.length, 0, HEAD)
    bytes.set(more, label.length + HEAD)
    return bytes
  }

  const sealUntil = (value: string | Uint8Array, context: string | undefined, expires: number): string => {
    const { id, key } = keys.active()
    const { form, bytes } = toBytes(value)
    const sealed = Buffer.allocUnsafe(START + 1 + bytes.length + TAG)
    writeHead(sealed, id, expires)
    fillRandom(sealed.subarray(HEAD, START))
    const cipher = createCipheriv(ALGORITHM, key, sealed.subarray(HEAD, START), TAG_LENGTH)
    cipher.setAAD(aad(sealed, contextBytes(context)))
    sealed[START] = form
    sealed.set(bytes, START + 1)
    const end = START + 1 + bytes.length
    // GCM is a stream: what goes in comes out in the same length, and `final` adds nothing.
    cipher.update(sealed.subarray(START, end)).copy(sealed, START)
    cipher.final()
    cipher.getAuthTag().copy(sealed, end)
    return PREFIX + sealed.toString('base64url')
  }

  const unseal = (
    text: unknown,
    context: string | undefined,
  ): { readonly plain: Buffer; readonly head: Buffer } | undefined => {
    const asked = contextBytes(context)
    if (typeof text !== 'string' || !text.startsWith(PREFIX)) return undefined
    const sealed = strictBytes(text.slice(PREFIX.length))
    if (sealed === undefined || sealed.length < START + 1 + TAG) return undefined
    const key = keys.find(sealed)
    if (key === undefined) return undefined
    const end = sealed.length - TAG
    const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(HEAD, START), TAG_LENGTH)
    decipher.setAAD(aad(sealed, asked))
    decipher.setAuthTag(sealed.subarray(end))
    const plain = decipher.update(sealed.subarray(START, end))
    try {
      decipher.final()
    } catch {
      // What was changed is no error of the program: it is answered as everything else that does not open.
      return undefined
    }
    return isOver(sealed, now()) ? undefined : { plain, head: sealed }
  }

  return {
    seal: (value, about) => sealUntil(value, about?.context, expiryOf(about?.ttl, now())),
    open(sealed, about) {
      const plain = unseal(sealed, about?.context)?.plain
      return plain && toText(plain[0], plain.subarray(1))
    },
    openBytes(sealed, about) {
      const plain = unseal(sealed, about?.context)?.plain
      return plain && new Uint8Array(plain.subarray(1))
    },
    isCurrent(sealed) {
      return isSealed(sealed) && idIn(sealed as string) === keys.active().id
    },
    renew(sealed, about) {
      const opened = unseal(sealed, about?.context)
      if (opened === undefined) return undefined
      const { plain, head } = opened
      const value = toText(plain[0], plain.subarray(1)) ?? new Uint8Array(plain.subarray(1))
      return sealUntil(value, about?.context, head.readUIntBE(6, HEAD - 6))
    },
  }
}

function idIn(text: string): string {
  return Buffer.from(text.slice(PREFIX.length, PREFIX.length + 8), 'base64url').toString('hex')
}
