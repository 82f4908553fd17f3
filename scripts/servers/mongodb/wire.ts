import { type Doc, decode, encode } from './values.ts'

/** One message of a client. */
export interface Message {
  readonly id: number
  readonly command: Doc
  /** The client waits for no answer. */
  readonly isSilent: boolean
  /** The old form, in which drivers greet a server that they do not know yet. */
  readonly isQuery: boolean
}

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013
const HEAD = 16
const LARGEST = 48_000_000
const CHECKSUM_PRESENT = 1
const MORE_TO_COME = 2

/** Cuts a stream of bytes into messages. Throws on what is none: then nothing more can be made of the connection. */
export class Parser {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Message[] {
    const messages: Message[] = []
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= HEAD) {
      const length = this.#rest.readInt32LE(0)
      if (length < HEAD || length > LARGEST) throw new Error(`a message cannot have ${length} bytes`)
      if (this.#rest.length < length) break
      const message = this.#rest.subarray(0, length)
      this.#rest = this.#rest.subarray(length)
      messages.push(parseMessage(message))
    }
    return messages
  }
}

/** The answer to a message, as bytes. */
export function toReply(answer: Doc, to: Message): Buffer {
  const body = encode(answer)
  const before = to.isQuery ? 20 : 5
  const reply = Buffer.alloc(HEAD + before + body.length)
  reply.writeInt32LE(reply.length, 0)
  reply.writeInt32LE(to.id, 8)
  reply.writeInt32LE(to.isQuery ? OP_REPLY : OP_MSG, 12)
  if (to.isQuery) {
    // That the server could wait for more data, no cursor, from the first, one document.
    reply.writeInt32LE(8, 16)
    reply.writeInt32LE(1, 32)
  }
  reply.set(body, HEAD + before)
  return reply
}

function parseMessage(message: Buffer): Message {
  const id = message.readInt32LE(4)
  const code = message.readInt32LE(12)
  if (code === OP_QUERY) return { id, command: parseQuery(message), isSilent: false, isQuery: true }
  if (code !== OP_MSG) throw new Error(`there is no message of kind ${code}`)
  const flags = message.readUInt32LE(HEAD)
  const end = message.length - (flags & CHECKSUM_PRESENT ? 4 : 0)
  let command: Doc = {}
  const lists: Doc = {}
  for (let at = HEAD + 4; at < end; ) {
    const kind = message.readUInt8(at)
    const size = message.readInt32LE(at + 1)
    const section = message.subarray(at + 1, at + 1 + size)
    if (kind === 0) command = decode(section)
    else {
      const nameEnd = section.indexOf(0, 4)
      lists[section.toString('utf8', 4, nameEnd)] = parseDocs(section.subarray(nameEnd + 1))
    }
    at += 1 + size
  }
  return { id, command: { ...command, ...lists }, isSilent: (flags & MORE_TO_COME) !== 0, isQuery: false }
}

function parseDocs(bytes: Buffer): Doc[] {
  const docs: Doc[] = []
  for (let at = 0; at < bytes.length; at += bytes.readInt32LE(at)) {
    docs.push(decode(bytes.subarray(at, at + bytes.readInt32LE(at))))
  }
  return docs
}

function parseQuery(message: Buffer): Doc {
  const start = message.indexOf(0, HEAD + 4) + 1 + 8
  return { ...decode(message.subarray(start, start + message.readInt32LE(start))), $db: 'admin' }
}
