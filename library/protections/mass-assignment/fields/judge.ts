import type { Exchange } from '../../../core/exchange.ts'
import { type BodyJudge, type Denial, deny } from '../../../core/guard.ts'
import { readBody } from '../../../firewall/body.ts'
import { type FieldReader, readerFor } from './reader.ts'

/** As much of a packed body as is kept until it can be unpacked. */
const MOST_PACKED = 1024 * 1024
const PACKED: Denial = deny('mass-assignment', 'a compressed body whose fields cannot be told', 415)

/** Reads the names of the fields of one body as it arrives, and answers what `settle` says of them. */
export class FieldJudge implements BodyJudge {
  readonly #x: Exchange
  readonly #settle: (name: string) => Denial | undefined
  readonly #type: string
  readonly #isPacked: boolean
  #packed: Uint8Array[] = []
  #bytes = 0
  #reader: FieldReader | undefined = undefined
  #denial: Denial | undefined = undefined

  constructor(x: Exchange, settle: (name: string) => Denial | undefined) {
    const encoding = x.request.header('content-encoding')?.trim().toLowerCase()
    this.#x = x
    this.#settle = settle
    this.#type = (x.request.header('content-type') ?? '').toLowerCase()
    this.#isPacked = encoding !== undefined && encoding !== '' && encoding !== 'identity'
  }

  onChunk(chunk: Uint8Array): Denial | undefined {
    this.#bytes += chunk.length
    if (this.#isPacked) {
      if (this.#bytes > MOST_PACKED) return PACKED
      this.#packed.push(chunk)
      return undefined
    }
    this.#read(chunk)
    return this.#denial
  }

  onEnd(): Denial | undefined {
    if (this.#isPacked && this.#bytes > 0) {
      const text = this.#unpacked()
      if (text === undefined) return PACKED
      this.#read(Buffer.from(text))
    }
    this.#reader?.onEnd()
    return this.#denial
  }

  #read(chunk: Uint8Array): void {
    if (this.#reader === undefined) {
      const first = chunk.find((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
      if (first === undefined) return
      this.#reader = readerFor(this.#type, first, (name) => {
        this.#denial ??= this.#settle(name)
      })
    }
    this.#reader?.onChunk(chunk)
  }

  #unpacked(): string | undefined {
    const { request } = this.#x
    const body = readBody({
      target: '',
      rawHeaders: [],
      client: '',
      header: (name) => (name === 'content-type' ? 'text/plain' : request.header(name)),
      bodyBytes: this.#bytes,
      bodyForSinks: this.#packed,
    })
    return body.complete ? body.raw() : undefined
  }
}
