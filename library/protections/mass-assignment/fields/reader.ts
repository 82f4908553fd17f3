import { percentDecoded } from '../../../firewall/decode.ts'
import { textOf } from '../../../toolbox/short-texts.ts'

/** Finds the names of fields in a body, as its bytes arrive. */
export interface FieldReader {
  onChunk(chunk: Uint8Array): void
  onEnd(): void
}

export type OnField = (name: string) => void

/** A name that is longer is nobody's field; what of it may be one of its pieces is at its end. */
const LONGEST = 2048
const [QUOTE, BACKSLASH, COLON, EQUALS, AND, OPEN, LIST] = [0x22, 0x5c, 0x3a, 0x3d, 0x26, 0x7b, 0x5b]

/** The reader for a body: by its first byte, since many apps read whatever looks like JSON as JSON, and then by its type. */
export function readerFor(type: string, first: number, onField: OnField): FieldReader | undefined {
  if (first === OPEN || first === LIST) return new JsonFields(onField)
  if (type.startsWith('multipart/form-data')) return new MultipartFields(onField)
  return type.startsWith('application/x-www-form-urlencoded') ? new FormFields(onField) : undefined
}

/** Names of objects at every depth, in whatever spelling JSON has for them. Values are skipped from quote to quote. */
class JsonFields implements FieldReader {
  readonly #onField: OnField
  #inText = false
  /** The next character of the text is escaped: its backslash was the last of a chunk. */
  #escaped = false
  /** A text has ended, and a colon would make a name of it. */
  #mayBeName = false
  /** What of the text came in chunks before. */
  #before = ''

  constructor(onField: OnField) {
    this.#onField = onField
  }

  onChunk(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    let from = 0
    let at = 0
    // Where the text that may be a name ends, if it is in this chunk; it begins at `from`.
    let to = -1
    for (;;) {
      if (this.#inText) {
        const end = this.#endOf(bytes, at)
        if (end === -1) {
          this.#remember(bytes.subarray(from))
          return
        }
        to = end
        this.#inText = false
        this.#mayBeName = true
        at = end + 1
      }
      if (this.#mayBeName) {
        while (at < bytes.length && (bytes[at] as number) <= 0x20) at++
        if (at === bytes.length) {
          if (to !== -1) this.#remember(bytes.subarray(from, to))
          return
        }
        if (bytes[at] === COLON) this.#tell(bytes, from, to)
        this.#mayBeName = false
        this.#before = ''
      }
      at = bytes.indexOf(QUOTE, at)
      if (at === -1) return
      from = ++at
      to = -1
      this.#inText = true
    }
  }

  onEnd(): void {}

  /** The quote that ends a text: one behind an even number of backslashes. */
  #endOf(bytes: Buffer, from: number): number {
    let at = from
    if (this.#escaped && at < bytes.length) {
      this.#escaped = false
      at++
    }
    for (let quote = bytes.indexOf(QUOTE, at); quote !== -1; quote = bytes.indexOf(QUOTE, quote + 1)) {
      if (backslashesBefore(bytes, quote, at) % 2 === 0) return quote
    }
    if (at < bytes.length) this.#escaped = backslashesBefore(bytes, bytes.length, at) % 2 === 1
    return -1
  }

  #remember(piece: Buffer): void {
    if (this.#before.length < LONGEST) this.#before += piece.toString('latin1', 0, LONGEST)
  }

  #tell(bytes: Buffer, from: number, to: number): void {
    const end = Math.min(to, from + LONGEST)
    const rest = to === -1 ? '' : this.#before === '' ? textOf(bytes, from, end) : bytes.toString('latin1', from, end)
    const name = this.#before === '' ? rest : Buffer.from(this.#before + rest, 'latin1').toString('utf8')
    this.#onField(name.includes('\\') ? unescaped(name) : name)
  }
}

function backslashesBefore(bytes: Buffer, at: number, from: number): number {
  let count = 0
  while (at - count > from && bytes[at - count - 1] === BACKSLASH) count++
  return count
}

class FormFields implements FieldReader {
  readonly #onField: OnField
  #name: number[] = []
  #inName = true

  constructor(onField: OnField) {
    this.#onField = onField
  }

  onChunk(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === AND) {
        this.onEnd()
        this.#inName = true
      } else if (this.#inName && byte === EQUALS) this.onEnd()
      else if (this.#inName) this.#name.push(byte)
      // Of a name without end, its end is what may count.
      if (this.#name.length > 2 * LONGEST) this.#name = this.#name.slice(-LONGEST)
    }
  }

  onEnd(): void {
    if (this.#name.length > 0) {
      const name = Buffer.from(this.#name).toString('utf8').replaceAll('+', ' ')
      this.#onField(percentDecoded(name) ?? name)
    }
    this.#name = []
    this.#inName = false
  }
}

/** Only lines that say so begin a field: a file may hold anything else that looks like one. */
class MultipartFields implements FieldReader {
  readonly #onField: OnField
  #line = ''

  constructor(onField: OnField) {
    this.#onField = onField
  }

  onChunk(chunk: Uint8Array): void {
    const lines = (this.#line + Buffer.from(chunk).toString('latin1')).split('\n')
    this.#line = (lines.pop() ?? '').slice(0, LONGEST)
    for (const line of lines) this.#read(line)
  }

  onEnd(): void {
    this.#read(this.#line)
    this.#line = ''
  }

  #read(line: string): void {
    if (line.length > LONGEST || !/^content-disposition[ \t]*:/i.test(line)) return
    for (const [, quoted, plain = ''] of line.matchAll(/[;\s]name[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/gi)) {
      const name = Buffer.from(quoted ?? plain, 'latin1').toString('utf8')
      this.#onField(percentDecoded(name) ?? name)
    }
  }
}

function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    // What is no text of JSON is refused by the parser of the app.
    return text
  }
}
