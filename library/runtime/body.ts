import type { IncomingMessage } from 'node:http'
import type { Denial } from '../core/guard.ts'
import { type Carrier, EXCHANGE, type HttpExchange } from './exchange.ts'

/** How much of a body is kept for guards that compare what leaves with what came. */
const KEPT_BYTES = 64 * 1024

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
    for (const { guard, judge, observe } of x.judges) {
      if (refuse(x, guard, observe, judge.onEnd?.())) return true
    }
    const { held } = x
    x.held = undefined
    if (held !== undefined) for (const kept of held) nativePush(this).call(this, kept)
  } else {
    x.bodyBytes += chunk.length
    if (x.bodyBytes <= KEPT_BYTES) x.bodySoFar = x.bodySoFar.length === 0 ? [chunk] : [...x.bodySoFar, chunk]
    for (const { guard, judge, observe } of x.judges) {
      if (refuse(x, guard, observe, judge.onChunk(chunk))) return true
    }
    if (x.held !== undefined) {
      x.held.push(chunk)
      return true
    }
  }
  return nativePush(this).call(this, chunk, encoding)
}

function refuse(x: HttpExchange, guard: string, observe: boolean, denial: Denial | undefined): boolean {
  if (denial === undefined) return false
  if (observe) {
    x.report({ guard, risk: denial.risk, reason: denial.reason, outcome: 'observed' })
    // Once is enough: the body goes on, and so would the reports.
    x.judges = x.judges.filter((entry) => entry.guard !== guard)
    return false
  }
  x.bodyRefused = true
  x.runtime.refuse(x, { ...denial, close: true }, guard)
  return true
}

function nativePush(req: IncomingMessage): Push {
  return (Object.getPrototypeOf(req) as { push: Push }).push
}
