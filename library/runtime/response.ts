import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Denial } from '../core/guard.ts'
import { type Carrier, EXCHANGE, type HttpExchange } from './exchange.ts'
import { writeProblem } from './problem.ts'

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[]
type WriteHead = (this: ServerResponse, status: number, reason?: string | Headers, headers?: Headers) => ServerResponse
type Write = (this: ServerResponse, chunk: unknown, encoding?: unknown, done?: unknown) => boolean
type End = (this: ServerResponse, chunk?: unknown, encoding?: unknown, done?: unknown) => ServerResponse

interface Watched extends Carrier {
  writeHead: WriteHead
  write: Write
  end: End
}

/**
 * Lets the guards see the head of the answer before it leaves, whoever writes it: the framework, a hijacked reply, a static
 * file. The two functions are shared by all responses; each response only carries references to them.
 */
export function watchResponse(x: HttpExchange): void {
  const res = x.res as unknown as Watched
  res[EXCHANGE] = x
  res.writeHead = writeHeadJudged
  res.end = endJudged
}

/** For answers that guards may refuse until the head has left: with the first piece of a body the head is judged before it. */
export function judgeFirstWrite(x: HttpExchange): void {
  ;(x.res as unknown as Watched).write = writeJudged
}

const writeJudged: Write = function (chunk, encoding, done) {
  const x = (this as Carrier)[EXCHANGE]!
  if (!x.headLeft) {
    this.writeHead(this.statusCode)
    // A refusal has taken the place of the answer, and swallows the rest of it.
    if (this.writableEnded) return true
  }
  return nativeOf(this).write.call(this, chunk, encoding, done)
}

const writeHeadJudged: WriteHead = function (status, reason, headers) {
  const x = (this as Carrier)[EXCHANGE]!
  const native = nativeOf(this).writeHead
  if (x.headLeft) return native.call(this, status, reason, headers)
  x.headLeft = true
  const given = typeof reason === 'string' ? headers : (reason ?? headers)
  if (given !== undefined) takeOver(this, given)
  this.statusCode = status
  // There are no reasons in HTTP/2.
  if (typeof reason === 'string' && x.req.httpVersionMajor < 2) this.statusMessage = reason
  const refused = x.runtime.finish(x)
  if (refused !== undefined) return replace(x, refused.guard, refused.denial)
  return native.call(this, this.statusCode)
}

const endJudged: End = function (chunk, encoding, done) {
  const x = (this as Carrier)[EXCHANGE]!
  const redirects = this.statusCode >= 300 && this.statusCode < 400 && this.statusCode !== 304
  if (!x.headLeft && (redirects || x.lateRefusal)) {
    // What may still be replaced has its head written before its body is; Node would have counted the body.
    if (!redirects && (this.hasHeader('content-length') || !hasBody(this.statusCode))) {
      // The app has counted it, as it does for HEAD; or there is nothing to count.
    } else if ((typeof chunk === 'string' || chunk instanceof Uint8Array) && !this.hasHeader('transfer-encoding')) {
      this.setHeader('Content-Length', Buffer.byteLength(chunk, toEncoding(encoding)))
    } else if (chunk === undefined || typeof chunk === 'function') this.setHeader('Content-Length', '0')
    this.writeHead(this.statusCode)
    // A refusal has taken its place, complete; ending it a second time would be an error event that nobody listens for.
    if (this.writableEnded) return endRefused.call(this, chunk, encoding, done)
  }
  return nativeOf(this).end.call(this, chunk, encoding, done)
}

/** The prototype's own functions, whatever prototype a framework has put under the response since. */
function nativeOf(res: ServerResponse): Watched {
  return Object.getPrototypeOf(res) as Watched
}

/** Moves the headers handed to `writeHead` onto the response, where guards can see them. */
function takeOver(res: ServerResponse, headers: Headers): void {
  if (!Array.isArray(headers)) {
    for (const name in headers) {
      const value = headers[name]
      if (value !== undefined) res.setHeader(name, value)
    }
    return
  }
  const pairs: [string, OutgoingHttpHeader][] = []
  if (Array.isArray(headers[0])) {
    for (const pair of headers as unknown as [string, OutgoingHttpHeader][]) pairs.push([pair[0], pair[1]])
  } else {
    for (let i = 0; i + 1 < headers.length; i += 2) pairs.push([String(headers[i]), headers[i + 1]!])
  }
  // Node lets names repeat in this form, and a name that repeats replaces what was set before.
  const seen = new Set<string>()
  for (const [name, value] of pairs) {
    const key = name.toLowerCase()
    if (seen.has(key)) res.appendHeader(name, Array.isArray(value) ? value : String(value))
    else res.setHeader(name, value)
    seen.add(key)
  }
}

/** Sends a problem document instead of the redirect, and swallows what the app still writes. */
function replace(x: HttpExchange, guard: string, denial: Denial): ServerResponse {
  const res = x.res as unknown as Omit<ServerResponse, 'writeHead' | 'end'> & Watched
  x.denied = true
  x.runtime.publish({ guard, risk: denial.risk, reason: denial.reason, outcome: 'denied' }, x)
  const native = nativeOf(x.res)
  // The guards see the new head too: its headers are theirs. It ends through the prototype, past the function above.
  x.headLeft = false
  res.end = native.end
  writeProblem(x, denial.status, denial.headers, false, denial.errors)
  res.write = () => true
  res.end = endRefused
  return x.res
}

/** Drops what the app still sends, and tells it when the refusal is out, in case it waits for that. */
const endRefused: End = function (chunk, encoding, done) {
  const told = [chunk, encoding, done].find((argument) => typeof argument === 'function') as (() => void) | undefined
  if (told === undefined) return this
  if (this.writableFinished) queueMicrotask(told)
  else this.once('finish', told)
  return this
}

/** RFC 9110 section 8.6: these have no body, and 204 must not say how long it is. */
function hasBody(status: number): boolean {
  return status !== 204 && status !== 304
}

function toEncoding(encoding: unknown): BufferEncoding | undefined {
  return typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : undefined
}
