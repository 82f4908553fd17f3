import type { Socket } from 'node:net'
import { failureOf, type Message, type Received } from './message.ts'
import type { How } from './wire.ts'

const CAP = 1024 * 1024 + 64 * 1024

/** Writes a request that Node's client refuses to write, and reads what comes back. */
export function sendByHand(socket: Socket, message: Message, how: How): Promise<Received> {
  return new Promise((resolve) => {
    let start = performance.now()
    let seen = Buffer.alloc(0)
    let done = false
    const finish = (failure?: string): void => {
      if (done) return
      done = true
      clearTimeout(timer)
      how.signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(parseAnswer(seen, performance.now() - start, failure))
    }
    const onAbort = (): void => finish('stopped')
    const timer = setTimeout(() => finish('timeout'), how.timeout)
    how.signal.addEventListener('abort', onAbort)
    socket.on('error', (error) => finish(failureOf(error)))
    socket.on('end', () => finish())
    socket.on('close', () => finish('reset'))
    socket.on('data', (chunk) => {
      seen = Buffer.concat([seen, chunk])
      if (seen.length > CAP || isWhole(seen)) finish()
    })
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => (start = performance.now()))
    socket.write(bytesOf(message))
  })
}

/** The request in bytes; nothing is checked, nothing is escaped. */
export function bytesOf(message: Message): Buffer {
  const lines = message.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = toBytes(`${message.method} ${message.path} HTTP/1.1\r\n${lines}\r\n`)
  return message.body ? Buffer.concat([head, message.body]) : head
}

/** One character is one byte, as on the wire; text that does not fit goes out as UTF-8. */
export function toBytes(text: string): Buffer {
  return Buffer.from(text, /^[\u0000-\u00ff]*$/.test(text) ? 'latin1' : 'utf8')
}

/** Reads an answer as forgivingly as browsers do. Bytes that are no HTTP give status 0 and the failure `malformed`. */
export function parseAnswer(bytes: Buffer, ms: number, failure?: string): Received {
  const end = bytes.indexOf('\r\n\r\n')
  const head = bytes.subarray(0, end === -1 ? bytes.length : end).toString('latin1')
  const [first = '', ...lines] = head.split('\r\n')
  const status = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(first)
  if (!status) {
    const why = failure ?? (bytes.length === 0 ? 'reset' : 'malformed')
    return { status: 0, reason: '', rawHeaders: [], body: new Uint8Array(0), ms, failure: why }
  }
  const rest = end === -1 ? Buffer.alloc(0) : bytes.subarray(end + 4)
  // Provisional answers such as 100 Continue are not what was asked for.
  if (status[1]!.startsWith('1') && status[1] !== '101' && rest.length > 0) return parseAnswer(rest, ms, failure)
  const rawHeaders = lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return colon > 0 ? [line.slice(0, colon), line.slice(colon + 1).trim()] : []
  })
  const chunked = /^transfer-encoding:.*chunked/im.test(head)
  const body = chunked ? unchunk(rest) : rest
  return { status: Number(status[1]), reason: status[2] ?? '', rawHeaders, body, ms, ...(failure && { failure }) }
}

/** Whether the answer says that it is complete, so that there is no need to wait for the end of the connection. */
function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return false
  const head = bytes.subarray(0, end).toString('latin1')
  const length = /^content-length:\s*(\d+)\s*$/im.exec(head)
  if (length) return bytes.length >= end + 4 + Number(length[1])
  if (/^transfer-encoding:.*chunked/im.test(head)) return bytes.subarray(-7).toString('latin1').endsWith('0\r\n\r\n')
  return /^HTTP\/1\.[01] (204|304|101)/.test(head)
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    const line = bytes.indexOf('\r\n', at)
    if (line === -1) break
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16)
    if (!(size > 0)) break
    parts.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
  return Buffer.concat(parts)
}
