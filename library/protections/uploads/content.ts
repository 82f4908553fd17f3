import { HEAD, KINDS, type Kind, kindOf } from './kinds.ts'

/**
 * Follows the bytes of one file and tells in the end what it is, and whether it is anything else besides.
 *
 * **Security**: a file that is two things at once is what its reader wants it to be. What counts as a picture or a recording must not hold
 * markup or PHP, and nothing but an archive may end in the directory of an archive (GIFAR); texts must be UTF-8, and may be markup only where
 * that was asked for (CWE-434, CWE-646).
 */
export class Content {
  #head: Buffer = Buffer.alloc(0)
  #size = 0
  /** The end of what came before, in which a mark may have begun. */
  #tail: Buffer = Buffer.alloc(0)
  #hasMarkup = false
  #isText = true
  #archiveEnd = -1
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })

  onChunk(chunk: Buffer): void {
    if (this.#head.length < HEAD) this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD - this.#head.length)])
    const joined = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk])
    const from = this.#size - this.#tail.length
    if (!this.#hasMarkup) this.#hasMarkup = hasMark(joined)
    for (let i = joined.indexOf(ARCHIVE_END); i !== -1; i = joined.indexOf(ARCHIVE_END, i + 1)) {
      if (isArchiveEnd(joined.subarray(i, i + 8))) this.#archiveEnd = from + i
    }
    if (this.#isText) this.#isText = this.#readText(chunk)
    this.#size += chunk.length
    this.#tail = Buffer.from(joined.subarray(Math.max(0, joined.length - TAIL)))
  }

  /** What it is, of the kinds that are taken; `undefined` when it is none of them, or more than one thing. */
  conclude(taken: readonly Kind[], extension: string): Kind | undefined {
    const kind = kindOf(this.#head)
    if (kind !== undefined) {
      if (!taken.includes(kind)) return undefined
      // Archives hold whatever they hold; they are not opened here.
      if (kind.type === 'application/zip') return kind
      if (beginsLikeMarkup(this.#head) || (kind.isMedia && this.#hasMarkup)) return undefined
      const endsAsArchive = this.#archiveEnd !== -1 && this.#size - this.#archiveEnd <= LONGEST_ARCHIVE_END
      return endsAsArchive ? undefined : kind
    }
    return this.#isText && this.#endsAsText() ? this.#concludeText(taken, extension) : undefined
  }

  /** Of texts only markup can be told by looking; which of the others it is, its name says. */
  #concludeText(taken: readonly Kind[], extension: string): Kind | undefined {
    const texts = taken.filter(({ begins }) => begins === undefined)
    const text = this.#head.toString('utf8')
    if (!this.#hasMarkup && !beginsLikeMarkup(this.#head)) {
      const harmless = texts.filter(({ isActive }) => !isActive)
      return harmless.find(({ extensions }) => extensions.includes(extension)) ?? harmless[0]
    }
    if (/<\?php/i.test(text)) return undefined
    const type = /<svg[\s>]/i.test(text) && !/<html[\s>]/i.test(text) ? 'image/svg+xml' : 'text/html'
    return texts.find((kind) => kind.type === type)
  }

  #readText(chunk: Buffer): boolean {
    try {
      return !CONTROLS.test(this.#utf8.decode(chunk, { stream: true }))
    } catch {
      return false
    }
  }

  #endsAsText(): boolean {
    try {
      this.#utf8.decode()
      return true
    } catch {
      return false
    }
  }
}

/** Which kinds a list of types names; `undefined` in place of those that are not in the table. */
export function toKinds(types: readonly string[]): readonly (Kind | undefined)[] {
  return types.map((type) => KINDS.find((kind) => kind.type === type))
}

const CONTROLS = /[\u0000-\u0008\u000b\u000e-\u001f\u007f]/
const ARCHIVE_END = Buffer.from('PK\x05\x06', 'latin1')
/** The record itself and the longest comment. */
const LONGEST_ARCHIVE_END = 22 + 65_535
const TAIL = 16
/** Long enough not to come about by chance in what is compressed. */
const MARKS = ['<script', '<!doctype', '<?php ', '<?php\n', '<?php\r', '<?php\t', '<iframe', '<object'].map((mark) =>
  Buffer.from(mark, 'latin1'),
)

/** Looks where a mark could begin, so that the cost is that of finding a byte. */
function hasMark(bytes: Buffer): boolean {
  for (let i = bytes.indexOf(0x3c); i !== -1; i = bytes.indexOf(0x3c, i + 1)) {
    if (MARKS.some((mark) => isSame(bytes, i, mark))) return true
  }
  return false
}

function isSame(bytes: Buffer, from: number, mark: Buffer): boolean {
  if (from + mark.length > bytes.length) return false
  for (let i = 0; i < mark.length; i++) {
    const byte = bytes[from + i]!
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== mark[i]) return false
  }
  return true
}

/** What browsers look for at the beginning of a file when nobody tells them what it is, and short marks that chance cannot put there. */
function beginsLikeMarkup(head: Buffer): boolean {
  return /<(?:!doctype|html|head|body|script|svg[\s>]|iframe|img\s|style|link|meta|form|table|div[\s>]|\?php|%@ page)/i.test(
    head.toString('latin1', 0, HEAD),
  )
}

/** The record of a whole archive in one file: disk 0 of 0. */
function isArchiveEnd(record: Buffer): boolean {
  return record.length < 8 || record.readUInt32LE(4) === 0
}
