import { percentDecoded } from '../../../firewall/decode.ts'

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

/** Names of objects at every depth, in whatever spelling JSON has for them. */
class JsonFields implements FieldReader {
  readonly #onField: OnField
  readonly #text = Buffer.allocUnsafe(LONGEST)
  #length = 0
  #inText = false
  #escaped = false
  /** A text has ended, and a colon would make a name of it. */
  #mayBeName = false

  constructor(onField: OnField) {
    this.#onField = onField
  }

  onChunk(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#inText) this.#follow(byte)
      else if (byte === QUOTE) {
        this.#inText = true
        this.#length = 0
        this.#mayBeName = false
      } else if (this.#mayBeName && byte > 0x20) {
        if (byte === COLON) this.#tell()
        this.#mayBeName = false
      }
    }
  }

  onEnd(): void {}

  #follow(byte: number): void {
    if (this.#escaped) this.#escaped = false
    else if (byte === BACKSLASH) this.#escaped = true
    else if (byte === QUOTE) {
      this.#inText = false
      this.#mayBeName = true
      return
    }
    if (this.#length < LONGEST) this.#text[this.#length++] = byte
  }

  #tell(): void {
    const text = this.#text.toString('utf8', 0, this.#length)
    this.#onField(text.includes('\\') ? unescaped(text) : text)
  }
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
