import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FieldError } from '../core/schema.ts'
import { randomHex } from '../toolbox/tokens.ts'
import type { HttpExchange } from './exchange.ts'
import { streamOf } from './http2-request.ts'
import { pageFor } from './page.ts'

/** How long a refused upload may go on before its connection is cut, so that the client gets to read the refusal. */
const LINGER_MS = 2_000
const LINGER_BYTES = 8 * 1024 * 1024

/**
 * The one body that clients ever see of a refusal or a failure.
 * **Security**: type, title, status, the incident id, and which fields of the input are wrong; never the reason, the guard, or an error's message (RFC 9457, CWE-209, ASVS 16.5.1).
 */
export function problemBody(status: number, incident: string, errors?: readonly FieldError[]): string {
  const more = errors === undefined ? '' : `,"errors":${JSON.stringify(errors)}`
  return `{"type":"about:blank","title":"${STATUS_CODES[status] ?? 'Error'}","status":${status},"incident":"${incident}"${more}}`
}

/** Answers the exchange with a problem document, or the app's own page, in place of whatever the app meant to send. */
export function writeProblem(
  x: HttpExchange,
  status: number,
  headers: Readonly<Record<string, string>> | undefined,
  close: boolean,
  errors?: readonly FieldError[],
): void {
  const res = x.res
  const page = pageFor(x, status, errors)
  const body = page === undefined ? problemBody(status, x.id, errors) : page.html
  for (const name of res.getHeaderNames()) {
    if (!KEPT.has(name)) res.removeHeader(name)
  }
  res.statusCode = page?.status ?? status
  const stream = streamOf(x.req)
  if (stream === undefined) res.statusMessage = STATUS_CODES[res.statusCode] ?? 'Error'
  res.setHeader('Content-Type', page === undefined ? 'application/problem+json' : 'text/html; charset=utf-8')
  if (page?.location !== undefined) res.setHeader('Location', page.location)
  res.setHeader('Content-Length', String(Buffer.byteLength(body)))
  res.setHeader('Cache-Control', 'no-store')
  if (headers !== undefined) for (const name in headers) res.setHeader(name, headers[name]!)
  if (close && stream === undefined) closeAfter(x)
  res.end(x.method === 'HEAD' ? undefined : body)
  // Other requests of the connection have nothing to do with it; this one's body is not waited for (RFC 9113, 8.1).
  if (close && stream !== undefined) stream.close(NO_ERROR)
}

const NO_ERROR = 0

/** Headers of CORS and of the app's own tracing stay on a refusal: without them a browser hides the status from its script. */
const KEPT: ReadonlySet<string> = new Set([
  'vary',
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
])

/**
 * Ends the connection after this answer, but reads on for a moment: closing a socket with unread bytes makes the kernel
 * send a reset, and the client would lose the answer (RFC 9112 section 9.6).
 */
function closeAfter(x: HttpExchange): void {
  const { res, req } = x
  res.setHeader('Connection', 'close')
  const socket = req.socket
  const limit = socket.bytesRead + LINGER_BYTES
  socket.destroySoon = () => {
    if (socket.writable) socket.end()
    const cut = setTimeout(() => socket.destroy(), LINGER_MS)
    cut.unref()
    socket.on('data', () => {
      if (socket.bytesRead > limit) socket.destroy()
    })
    socket.once('close', () => clearTimeout(cut))
  }
  req.resume()
}

/** For bytes that never became a request, and for refused upgrades. */
export function writeRawProblem(socket: Duplex | Socket, status: number, incident: string = randomHex(8)): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = problemBody(status, incident)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n${body}`,
  )
  const cut = setTimeout(() => socket.destroy(), LINGER_MS)
  cut.unref()
  socket.once('close', () => clearTimeout(cut))
}

/** A complete answer of a guard's own, such as a preflight's. */
export function writeReply(
  res: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> | undefined,
): void {
  res.statusCode = status
  if (headers !== undefined) for (const name in headers) res.setHeader(name, headers[name]!)
  res.setHeader('Content-Length', '0')
  res.end()
}
