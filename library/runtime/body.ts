import type { IncomingMessage } from 'node:http'
import { BulwarkError } from '../core/errors.ts'
import type { Denial } from '../core/guard.ts'
import { enter, hasSinks } from '../firewall/context.ts'
import { type Carrier, EXCHANGE, type HttpExchange } from './exchange.ts'
import { streamOf } from './http2-request.ts'

const KEPT_CHUNKS = 64
/** How much more is kept for sinks, which compare it with what the app runs. */
const KEPT_FOR_SINKS = 1024 * 1024

type Push = (this: IncomingMessage, chunk: Uint8Array | null, encoding?: BufferEncoding) => boolean

/**
 * Shows a body's bytes to its judges before any parser sees them: Node hands each chunk to the request through `push`,
 * and this stands in front of it. A refused chunk is never passed on, so no parser ever has the whole body.
 */
export function watchBody(x: HttpExchange, judges: HttpExchange['judges']): void {
  x.judges = judges
  // While a guard only observes, nothing may wait for it: the body would have to fit into memory without a limit.
  if (judges.some(({ judge, observe }) => judge.holdsBack === true && !observe)) {
    x.held = []
    x.heldToEnd = true
  }
  x.connection.bodyDone = false
  x.connection.bodyStarted = x.runtime.policy.setup.now()
  ;(x.req as { push: Push }).push = pushJudged
}

/** Holds the body back from the app until its beginning is there. */
export function beginningOf(x: HttpExchange): Promise<readonly Uint8Array[]> {
  if (x.beginning !== undefined) return x.beginning.promise
  let resolve: (chunks: readonly Uint8Array[]) => void = () => {}
  const promise = new Promise<readonly Uint8Array[]>((settle) => {
    resolve = settle
  })
  x.beginning = { promise, resolve }
  x.held ??= []
  // What came before anybody asked may have filled the stream, and then Node has stopped reading.
  if (streamOf(x.req) === undefined) x.req.socket.resume()
  else x.req.read(0)
  return promise
}

/** The body for a guard that keeps it from the app. Nothing is read from the connection that the guard has no room for. */
export async function* takenBody(x: HttpExchange): AsyncGenerator<Uint8Array, void> {
  const { req, res } = x
  if (!x.hasBody) return
  if (x.bodyTaken || req.readableDidRead) {
    throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'the body was read before its route was known', {
      fix: 'let no parser of multipart forms stand in front of a route that declares files, and none in it',
    })
  }
  x.bodyTaken = true
  let wake = (): void => {}
  let ended = false
  const onEnd = (): void => {
    ended = true
    wake()
  }
  const onAny = (): void => wake()
  // A refusal by somebody else shows in the answer; the request never ends then.
  const watched = [
    [req, 'readable'],
    [req, 'close'],
    [req, 'error'],
    [res, 'finish'],
    [res, 'close'],
  ] as const
  req.on('end', onEnd)
  for (const [stream, event] of watched) stream.on(event, onAny)
  try {
    while (!ended) {
      const chunk = req.read() as Uint8Array | null
      if (chunk !== null) yield chunk
      else if (x.denied || req.destroyed || res.closed || streamOf(req)?.closed) {
        if (!req.readableEnded) throw new Error('the body did not arrive whole')
        return
      } else if (!req.readableEnded) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      } else return
    }
  } finally {
    req.off('end', onEnd)
    for (const [stream, event] of watched) stream.off(event, onAny)
  }
}

/** Whether as much of the body has arrived as is ever kept. */
export function hasBeginning(x: HttpExchange): boolean {
  return x.bodyEnded || x.bodyBytes >= keptBytes(x)
}

/** How much of a body is kept for guards that compare what leaves with what came, or read it themselves. */
function keptBytes(x: HttpExchange): number {
  return x.runtime.policy.setup.bodies.kept
}

const pushJudged: Push = function (chunk, encoding) {
  const x = (this as Carrier)[EXCHANGE]!
  // A refused body must not look complete to a parser that waits for its end; the connection closes instead.
  if (x.bodyRefused) return true
  if (chunk === null && isCut(x)) return true
  // What the parser of the app calls from here on belongs to this request, and not to whatever the connection last carried.
  enter(x)
  if (chunk === null) {
    x.connection.bodyDone = true
    for (const entry of x.judges) if (isRefused(x, entry, undefined)) return true
    x.bodyEnded = true
    x.beginning?.resolve(x.bodySoFar)
    letGo(x)
  } else {
    const room = keptBytes(x) - x.bodyBytes
    x.bodyBytes += chunk.length
    if (room > 0) keep(x, chunk.length > room ? chunk.subarray(0, room) : chunk)
    if (chunk.length > room && hasSinks()) keepForSinks(x, room > 0 ? chunk.subarray(room) : chunk)
    for (const entry of x.judges) if (isRefused(x, entry, chunk)) return true
    if (x.held !== undefined) {
      x.held = added(x.held, chunk)
      if (x.bodyBytes < keptBytes(x)) return true
      x.beginning?.resolve(x.bodySoFar)
      return x.heldToEnd || letGo(x)
    }
  }
  return nativePush(this).call(this, chunk, encoding)
}

/**
 * Over HTTP/2 Node ends a body with its stream, also when the client took it back half way or was refused: to a parser half of a form would be
 * a whole one. Over HTTP/1.1 such a body never ends; here it fails as it does there.
 */
function isCut(x: HttpExchange): boolean {
  const stream = streamOf(x.req)
  if (stream === undefined) return false
  // Node tells the end a second time when the stream closes.
  if (x.bodyEnded) return true
  if (!stream.aborted && !x.denied) return false
  x.bodyRefused = true
  x.connection.bodyDone = true
  if (x.req.listenerCount('error') > 0) {
    x.req.emit('error', Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
  }
  return true
}

/** Passes on what was held back; answers whether the stream takes more. */
function letGo(x: HttpExchange): boolean {
  const { held, req } = x
  x.held = undefined
  let takesMore = true
  if (held !== undefined) for (const chunk of held) takesMore = nativePush(req).call(req, chunk)
  return takesMore
}

function keep(x: HttpExchange, chunk: Uint8Array): void {
  x.kept = x.kept === undefined ? [chunk] : added(x.kept, chunk)
}

function keepForSinks(x: HttpExchange, chunk: Uint8Array): void {
  if (x.bodyBytes <= KEPT_FOR_SINKS) x.keptForSinks = added(x.keptForSinks ?? [], chunk)
}

/** A client may send a body byte by byte; what is kept of it must not grow by a list entry for each. */
function added(chunks: Uint8Array[], chunk: Uint8Array): Uint8Array[] {
  if (chunks.length >= KEPT_CHUNKS) return [Buffer.concat(chunks), chunk]
  chunks.push(chunk)
  return chunks
}

/** Asks one judge about a chunk, or about the end of the body. */
function isRefused(x: HttpExchange, entry: HttpExchange['judges'][number], chunk: Uint8Array | undefined): boolean {
  const { guard, observe, judge } = entry
  let denial: Denial | undefined
  try {
    denial = chunk === undefined ? judge.onEnd?.() : judge.onChunk(chunk)
  } catch (error) {
    x.judges = x.judges.filter((other) => other !== entry)
    x.bodyRefused = x.runtime.broke(x, guard, error)
    if (x.bodyRefused) x.beginning?.resolve([])
    return x.bodyRefused
  }
  if (denial === undefined) return false
  if (observe) {
    x.report({ guard, risk: denial.risk, reason: denial.reason, outcome: 'observed' })
    // Once is enough: the body goes on, and so would the reports.
    x.judges = x.judges.filter((other) => other !== entry)
    return false
  }
  x.bodyRefused = true
  // An exchange that is over already gets no second event, and its answer is not cut off.
  if (!x.denied) x.runtime.refuse(x, { ...denial, close: true }, guard)
  // Whoever waits finds the exchange over.
  x.beginning?.resolve([])
  return true
}

function nativePush(req: IncomingMessage): Push {
  return (Object.getPrototypeOf(req) as { push: Push }).push
}
