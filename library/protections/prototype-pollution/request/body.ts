import type { Exchange } from '../../../core/exchange.ts'
import type { BodyJudge, Denial } from '../../../core/guard.ts'
import { readBody } from '../../../firewall/body.ts'
import { Parts } from './parts.ts'
import { Reading } from './reading.ts'

/** How much of a body is kept to be read when it has all arrived. */
const MOST_KEPT = 4 * 1024 * 1024
/** Of no use to a parser of keys. */
const BINARY = /^(?:image|audio|video|font)\/|^application\/(?:octet-stream|pdf|zip|gzip)\b/
const FORM = 'application/x-www-form-urlencoded'
/** How `proto` stands in a text, or that a letter or a backslash is written as code. */
const IN_JSON: readonly Buffer[] = ['proto', '\\u', '\\\\'].map((mark) => Buffer.from(mark))
const IN_FORMS: readonly Buffer[] = ['proto', '%6', '%7', '%25', '%5c', '%5C', '\\'].map((mark) => Buffer.from(mark))

/** What becomes of a body that leads into a prototype, and of one that nobody could read. */
export interface Outcome {
  refuse(denial: Denial): Denial | undefined
  unread(): void
}

/**
 * Judges one body. Fields of multipart forms are judged one by one, since parsers hand them on as they come; everything else when it has
 * arrived, and before the app is told that it has.
 */
export class PollutionJudge implements BodyJudge {
  readonly #x: Exchange
  readonly #outcome: Outcome
  readonly #type: string
  readonly #parts: Parts | undefined
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(x: Exchange, outcome: Outcome) {
    const type = x.request.header('content-type') ?? ''
    this.#x = x
    this.#outcome = outcome
    this.#type = type.toLowerCase()
    // A form without a boundary is read like any other text.
    const boundary = this.#type.startsWith('multipart/') ? /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type) : undefined
    const mark = boundary?.[1] ?? boundary?.[2]
    this.#parts = mark === undefined ? undefined : new Parts(mark)
  }

  onChunk(chunk: Uint8Array): Denial | undefined {
    if (this.#parts !== undefined) return this.#settle(this.#parts.onChunk(chunk))
    if (BINARY.test(this.#type)) return undefined
    this.#bytes += chunk.length
    if (this.#bytes <= MOST_KEPT) this.#chunks.push(chunk)
    else this.#chunks = []
    return undefined
  }

  onEnd(): Denial | undefined {
    if (this.#parts?.isUnread === true || this.#bytes > MOST_KEPT) this.#outcome.unread()
    const [first] = this.#chunks
    if (first === undefined) return undefined
    const encoding = this.#x.request.header('content-encoding')
    const isPlain = encoding === undefined || encoding === 'identity'
    const bytes = this.#chunks.length === 1 ? asBuffer(first) : Buffer.concat(this.#chunks)
    if (isPlain && !mayHold(bytes, this.#type)) return undefined
    return this.#settle(this.#read(bytes, isPlain))
  }

  #read(bytes: Buffer, isPlain: boolean): Denial | undefined {
    const { request } = this.#x
    const body = readBody({
      target: request.target,
      rawHeaders: request.rawHeaders,
      client: request.client,
      header: (name) => request.header(name),
      bodyBytes: bytes.length,
      bodyForSinks: [bytes],
    })
    const reading = new Reading()
    for (const [name, value] of body.fields) reading.field(name, value)
    if (body.value !== undefined) reading.value(body.value)
    if (body.text !== undefined) reading.text(body.text)
    if (!isPlain && body.text === undefined && body.value === undefined && body.fields.length === 0) {
      this.#outcome.unread()
    }
    return reading.denial
  }

  #settle(denial: Denial | undefined): Denial | undefined {
    return denial && this.#outcome.refuse(denial)
  }
}

function mayHold(bytes: Buffer, type: string): boolean {
  for (const mark of type.startsWith(FORM) ? IN_FORMS : IN_JSON) if (bytes.indexOf(mark) !== -1) return true
  return false
}

function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
