import type { IncomingMessage } from 'node:http'
import type { Denial } from '../core/guard.ts'
import { type Carrier, EXCHANGE, type HttpExchange } from './exchange.ts'

/** How much of a body is kept for guards that compare what leaves with what came. */
const KEPT_BYTES = 64 * 1024
const KEPT_CHUNKS = 64

type Push = (this: IncomingMessage, chunk: Uint8Array | null, encoding?: BufferEncoding) => boolean

/**
 * Shows a body's bytes to its judges before any parser sees them: Node hands each chunk to the request through `push`,
 * and this stands in front of it. A refused chunk is never passed on, so no parser ever has the whole body.
 */
export function watchBody(x: HttpExchange, judges: HttpExchange['judges']): void {
  x.judges = judges
  // While a guard only observes, nothing may wait for it: the body would have to fit into memory without a limit.
  if (judges.some(({ judge, observe }) => judge.holdsBack === true && !observe)) x.held = []
  x.connection.bodyDone = false
  x.connection.bodyStarted = x.runtime.policy.setup.now()
  ;(x.req as { push: Push }).push = pushJudged
}

const pushJudged: Push = function (chunk, encoding) {
  const x = (this as Carrier)[EXCHANGE]!
  // A refused body must not look complete to a parser that waits for its end; the connection closes instead.
  if (x.bodyRefused) return true
  if (chunk === null) {
    x.connection.bodyDone = true
    for (const entry of x.judges) if (isRefused(x, entry, undefined)) return true
    const { held } = x
    x.held = undefined
    if (held !== undefined) for (const kept of held) nativePush(this).call(this, kept)
  } else {
    x.bodyBytes += chunk.length
    if (x.bodyBytes <= KEPT_BYTES) keep(x, chunk)
    for (const entry of x.judges) if (isRefused(x, entry, chunk)) return true
    if (x.held !== undefined) {
      x.held.push(chunk)
      return true
    }
  }
  return nativePush(this).call(this, chunk, encoding)
}

/** A client may send a body byte by byte; what is kept of it must not grow by a list entry for each. */
function keep(x: HttpExchange, chunk: Uint8Array): void {
  const { kept } = x
  if (kept === undefined) x.kept = [chunk]
  else if (kept.length < KEPT_CHUNKS) kept.push(chunk)
  else x.kept = [Buffer.concat(kept), chunk]
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
  x.runtime.refuse(x, { ...denial, close: true }, guard)
  return true
}

function nativePush(req: IncomingMessage): Push {
  return (Object.getPrototypeOf(req) as { push: Push }).push
}
