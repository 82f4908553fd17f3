/**
 * - `next`: published, so that every process can already open what the first one to change over will seal
 * - `active`: seals and opens
 * - `retired`: opens what it sealed, and seals nothing any more
 * - `revoked`: does nothing, as if it had never been
 */
export type KeyState = 'next' | 'active' | 'retired' | 'revoked'

/** One key of a ring. Its secret never signs or encrypts anything itself: keys for a purpose are derived from it. */
export interface RingKey {
  /** Twelve hexadecimal digits that follow from the secret. They tell keys apart and nothing else. */
  readonly id: string
  readonly state: KeyState
  /** Milliseconds since the epoch, where the key says so. */
  readonly created: number | undefined
  /** When a `next` key becomes active by itself, in milliseconds since the epoch. */
  readonly activeFrom: number | undefined
  /** What the key is for; `undefined` for everything. */
  readonly purposes: readonly string[] | undefined
  /** The secret as text. **Security**: for derivations that are older than the ring; everything else takes {@link derive}. */
  readonly secret: string
  /** 32 bytes for one purpose, the same each time (HKDF-SHA-256, RFC 5869). What one purpose reveals tells nothing about another. */
  derive(purpose: string): Uint8Array
}

/** The keys of the app, with what each of them may do. It may change while the app runs. */
export interface KeyRing {
  /** Another number each time that a key came, went, or changed its state: what was derived from keys is then out of date. */
  readonly version: number
  /** All keys, newest first, revoked ones included. */
  readonly keys: readonly RingKey[]
  /** The key that seals for this purpose now. A key for this purpose alone goes before one for everything. */
  active(purpose: string): RingKey | undefined
  /** The keys that open what was sealed for this purpose: the active one first, then the others, newest first; no revoked ones. */
  usable(purpose: string): readonly RingKey[]
}
