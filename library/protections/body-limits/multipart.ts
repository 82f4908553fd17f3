import { type Denial, deny } from '../../core/guard.ts'
import { judgeFormKey } from './keys.ts'
import type { Limits } from './limits.ts'
import { type Shape, sliceText } from './shape.ts'

const MANY_PARTS: Denial = deny('complex-body', 'the form has more parts than allowed', 400)
const LONG_HEADERS: Denial = deny('complex-body', 'the headers of a part are longer than allowed', 400)
const LARGE_FIELDS: Denial = deny('oversized-body', 'the fields of the form are larger than allowed', 413)

const IN_CONTENT = 0
const AFTER_BOUNDARY = 1
const IN_HEADERS = 2

/**
 * Follows a multipart form byte by byte: its parts, their headers, and how much of it is fields, which parsers keep in memory.
 *
 * A line feed is enough to end a line here. Lenient parsers see it that way, and what they see must be counted.
 */
export class MultipartShape implements Shape {
  limits: Limits
  readonly #delimiter: Buffer
  /** Bytes of the delimiter that have matched. The one in front of everything has no line before it. */
  #matched = 1
  #state = IN_CONTENT
  #parts = 0
  #fieldBytes = 0
  #isField = false
  #headers = 0
  /** The headers of the part so far. */
  #carry: Buffer | undefined = undefined
  /** The last byte that was no carriage return was a line feed. */
  #lineEnded = false

  constructor(limits: Limits, boundary: string) {
    this.limits = limits
    this.#delimiter = Buffer.from(`\n--${boundary}`, 'latin1')
  }

  onChunk(chunk: Uint8Array): Denial | undefined {
    let start = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!
      switch (this.#state) {
        case IN_CONTENT:
          if (this.#isField && ++this.#fieldBytes > this.limits.form) return LARGE_FIELDS
          if (byte !== this.#delimiter[this.#matched]) this.#matched = byte === 0x0a ? 1 : 0
          else if (++this.#matched === this.#delimiter.length) {
            this.#matched = 0
            this.#state = AFTER_BOUNDARY
            if (++this.#parts > this.limits.parts + 1) return MANY_PARTS
          }
          break
        case AFTER_BOUNDARY:
          if (byte !== 0x0a) break
          this.#state = IN_HEADERS
          this.#headers = 0
          this.#lineEnded = true
          start = i + 1
          break
        default:
          if (++this.#headers > this.limits.partHeaders) return LONG_HEADERS
          if (byte === 0x0d) break
          if (byte === 0x0a && this.#lineEnded) {
            const denial = this.#endHeaders(chunk, start, i)
            if (denial !== undefined) return denial
          } else this.#lineEnded = byte === 0x0a
      }
    }
    if (this.#state === IN_HEADERS) {
      const part = chunk.subarray(start)
      this.#carry = this.#carry === undefined ? Buffer.from(part) : Buffer.concat([this.#carry, part])
    }
    return undefined
  }

  onEnd(): Denial | undefined {
    return undefined
  }

  exceeded(): Denial | undefined {
    // The closing delimiter counts like the beginning of one more part.
    if (this.#parts > this.limits.parts + 1) return MANY_PARTS
    return this.#fieldBytes > this.limits.form ? LARGE_FIELDS : undefined
  }

  #endHeaders(chunk: Uint8Array, start: number, end: number): Denial | undefined {
    const rest = sliceText(chunk, start, end)
    const text = this.#carry === undefined ? rest : `${this.#carry.toString('utf8')}${rest}`
    this.#carry = undefined
    this.#state = IN_CONTENT
    // The empty line may at once be the line in front of the next boundary.
    this.#matched = 1
    this.#isField = !/filename\*?[ \t]*=/i.test(text)
    for (const [, quoted, bare = ''] of text.matchAll(
      /[;\s]name\*?[ \t]*=[ \t]*(?:"((?:[^"\\\r\n]|\\[^\r\n])*)"|([^\s;"]+))/gi,
    )) {
      const denial = judgeFormKey(quoted ?? bare, this.limits.depth, this.limits.keyLength)
      if (denial !== undefined) return denial
    }
    return undefined
  }
}
