import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Accepts the connection as a WebSocket (RFC 6455, section 4.2.2). */
export function acceptWebSocket(req: IncomingMessage, socket: Duplex): void {
  const accept = createHash('sha1').update(`${req.headers['sec-websocket-key']}${protocolGuid}`).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => answerControl(socket, chunk))
}

/** Refuses the connection with a plain HTTP answer. */
export function refuseWebSocket(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** One unfragmented text message, or what it takes to close. */
export function toFrame(opcode: number, payload: Buffer): Buffer {
  const long = payload.length > 125
  const head = Buffer.alloc(long ? 4 : 2)
  head[0] = 0x80 | opcode
  head[1] = long ? 126 : payload.length
  if (long) head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head, payload])
}

export const textFrame = 0x1
const closeFrame = 0x8
const pingFrame = 0x9
const pongFrame = 0xa

/** Clients of `/live` only listen: whatever they say besides a ping ends the conversation. */
function answerControl(socket: Duplex, chunk: Buffer): void {
  const opcode = (chunk[0] ?? 0) & 0x0f
  const length = (chunk[1] ?? 0) & 0x7f
  if (opcode === pongFrame) return
  if (opcode !== pingFrame || length > 125 || chunk.length !== 6 + length) {
    socket.end(toFrame(closeFrame, Buffer.alloc(0)))
    return
  }
  const payload = chunk.subarray(6).map((byte, i) => byte ^ (chunk[2 + (i % 4)] ?? 0))
  socket.write(toFrame(pongFrame, Buffer.from(payload)))
}

const protocolGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
