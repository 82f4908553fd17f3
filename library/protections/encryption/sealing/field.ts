import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { KeyRing } from '../../../core/keys.ts'
import { type Box, boxOf } from './box.ts'
import { type About, invalid, type Ring, ringFor } from './head.ts'

export interface FieldOptions {
  /** What makes two spellings the same value when they are searched for, such as `(text) => text.trim().toLowerCase()`. @default nothing */
  readonly normalise?: (value: string) => string
}

/** A column whose values are encrypted, and can still be searched for. */
export interface Field extends Pick<Box, 'isCurrent'> {
  /** As {@link Box.seal}, without an end. The context is best the row's id. */
  seal(value: string, about?: About): string
  /** As {@link Box.open}. */
  open(sealed: unknown, about?: About): string | undefined
  /**
   * What to store beside the sealed value, in a column with an index: 30 characters, the same for the same value.
   *
   * **Security**: it tells which rows have the same value, and with it how often each value occurs. Not for fields with few values.
   * @throws BulwarkError `BULWARK_SEAL_INVALID`, `BULWARK_KEYS_MISSING`
   */
  index(value: string): string
  /** What to search for, `WHERE email_index IN (...)`: the index under each key, because some rows may not be renewed yet. */
  indexes(value: string): readonly string[]
  /** The value under the keys of today; `undefined` when it does not open. */
  renew(sealed: unknown, about?: About): { readonly sealed: string; readonly index: string } | undefined
}

/** 128 bits: two values that share an index by chance are as unlikely as two equal keys. */
const INDEX_BYTES = 16

export function fieldOf(ring: KeyRing, name: string, { normalise }: FieldOptions, now: () => number): Field {
  const box = boxOf(ring, `field:${name}`, now)
  const keys: Ring<KeyObject> = ringFor(ring, `index ${name}`, (bytes) => createSecretKey(bytes))

  const indexUnder = ({ id, key }: { readonly id: string; readonly key: KeyObject }, value: string): string => {
    const digest = createHmac('sha256', key)
      .update(textOf(normalise ? normalise(value) : value), 'utf16le')
      .digest()
    return Buffer.concat([Buffer.from(id, 'hex'), digest.subarray(0, INDEX_BYTES)]).toString('base64url')
  }

  return {
    seal: (value, about) =>
      box.seal(textOf(value), about?.context === undefined ? undefined : { context: about.context }),
    open: box.open,
    isCurrent: box.isCurrent,
    index: (value) => indexUnder(keys.active(), value),
    indexes: (value) => keys.all().map((key) => indexUnder(key, value)),
    renew(sealed, about) {
      const value = box.open(sealed, about)
      if (value === undefined) return undefined
      return { sealed: this.seal(value, about), index: this.index(value) }
    },
  }
}

function textOf(value: string): string {
  if (typeof value === 'string') return value
  throw invalid('only text can be sealed as a field', 'write other values as text first')
}
