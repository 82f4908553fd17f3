import type { Denial } from '../../core/guard.ts'
import { judgeFormKey, LONG_KEY, MANY_KEYS } from './keys.ts'
import type { Limits } from './limits.ts'
import { type Shape, sliceText } from './shape.ts'

/** Follows `a=1&b[c]=2` byte by byte. Keys may repeat: that is how forms send several choices. */
export class FormShape implements Shape {
  limits: Limits
  #keys = 0
  #inKey = true
  #carry: Buffer | undefined = undefined

  constructor(limits: Limits) {
    this.limits = limits
  }

  onChunk(chunk: Uint8Array): Denial | undefined {
    let start = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (byte === 0x26) {
        const denial = this.#inKey ? this.#endKey(chunk, start, i) : undefined
        if (denial !== undefined) return denial
        this.#inKey = true
        start = i + 1
      } else if (byte === 0x3d && this.#inKey) {
        const denial = this.#endKey(chunk, start, i)
        if (denial !== undefined) return denial
        this.#inKey = false
      }
    }
    if (!this.#inKey || start === chunk.length) return undefined
    const part = chunk.subarray(start)
    this.#carry = this.#carry === undefined ? Buffer.from(part) : Buffer.concat([this.#carry, part])
    return this.#carry.length > this.limits.keyLength * 3 ? LONG_KEY : undefined
  }

  onEnd(): Denial | undefined {
    if (!this.#inKey || this.#carry === undefined) return undefined
    return this.#endKey(NOTHING, 0, 0)
  }

  exceeded(): Denial | undefined {
    return this.#keys > this.limits.keys ? MANY_KEYS : undefined
  }

  #endKey(chunk: Uint8Array, start: number, end: number): Denial | undefined {
    const { keys, keyLength, depth } = this.limits
    const raw = this.#carry === undefined ? sliceText(chunk, start, end) : this.#joined(chunk.subarray(start, end))
    if (++this.#keys > keys) return MANY_KEYS
    return raw.length > keyLength * 3 ? LONG_KEY : judgeFormKey(raw, depth, keyLength)
  }

  #joined(rest: Uint8Array): string {
    const whole = Buffer.concat([this.#carry ?? NOTHING, rest])
    this.#carry = undefined
    return whole.toString('utf8')
  }
}

const NOTHING = new Uint8Array(0)
