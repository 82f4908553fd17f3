import type { Denial } from '../../../core/guard.ts'
import { Reading } from './reading.ts'

const MOST_FIELD = 256 * 1024
const MOST_HEAD = 16 * 1024
const LINE_FEED = 0x0a

/** Follows a multipart form as it arrives and judges each field at its end. Files pass by unread. */
export class Parts {
  /** A field was too long to be read. */
  isUnread = false
  readonly #mark: Buffer
  readonly #reading: Reading = new Reading()
  /** What of the form so far cannot be placed yet. The first boundary has no line in front of it. */
  #tail: Buffer = Buffer.from('\n')
  #inHead = false
  #isField = false
  #name = ''
  #content: Buffer[] = []
  #length = 0

  constructor(boundary: string) {
    this.#mark = Buffer.from(`\n--${boundary}`, 'latin1')
  }

  onChunk(chunk: Uint8Array): Denial | undefined {
    let rest = Buffer.concat([this.#tail, chunk])
    for (;;) {
      const end = this.#inHead ? endOfHead(rest) : rest.indexOf(this.#mark)
      if (end === -1) break
      if (this.#inHead) {
        this.#open(rest.subarray(0, end).toString('utf8'))
        // The line that ends the head may at once be the one in front of a boundary.
        rest = rest.subarray(end)
      } else {
        this.#take(rest.subarray(0, end))
        this.#close()
        if (this.#reading.denial !== undefined) return this.#reading.denial
        rest = rest.subarray(end + this.#mark.length)
      }
      this.#inHead = !this.#inHead
    }
    this.#keep(rest)
    return this.#reading.denial
  }

  #keep(rest: Buffer): void {
    const kept = this.#inHead ? MOST_HEAD : this.#mark.length - 1
    const cut = Math.max(0, rest.length - kept)
    if (!this.#inHead) this.#take(rest.subarray(0, cut))
    // A head of that length is read by nobody; its end is still to be found.
    else if (cut > 0) this.isUnread = true
    this.#tail = Buffer.from(rest.subarray(cut))
  }

  #open(head: string): void {
    this.#isField = !/filename\*?[ \t]*=/i.test(head)
    this.#name = ''
    const names = /[;\s]name\*?[ \t]*=[ \t]*(?:"((?:[^"\\\r\n]|\\[^\r\n])*)"|([^\s;"]+))/gi
    for (const [, quoted, bare = ''] of head.matchAll(names)) {
      this.#name = quoted ?? bare
      this.#reading.field(this.#name, '')
    }
  }

  #take(bytes: Buffer): void {
    if (!this.#isField) return
    this.#length += bytes.length
    if (this.#length > MOST_FIELD) this.isUnread = true
    else this.#content.push(bytes)
  }

  #close(): void {
    if (this.#isField && this.#length <= MOST_FIELD) {
      const text = Buffer.concat(this.#content).toString('utf8')
      this.#reading.field(this.#name, text.replace(/^\n/, '').replace(/\r$/, ''))
    }
    this.#content = []
    this.#length = 0
    this.#isField = false
  }
}

/** Where the line feed stands that ends the empty line behind a head; -1 as long as there is none. */
function endOfHead(bytes: Buffer): number {
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; ) {
    const next = bytes.indexOf(LINE_FEED, at + 1)
    if (next === at + 1 || (next === at + 2 && bytes[at + 1] === 0x0d)) return next
    at = next
  }
  return -1
}
