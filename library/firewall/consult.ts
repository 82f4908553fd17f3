import { BulwarkError } from '../core/errors.ts'
import type { Denial } from '../core/guard.ts'
import type { Mode } from '../core/policy.ts'
import type { Sink, SinkExchange } from '../core/sink.ts'
import { watchOf } from './builtins/replace.ts'
import { currentExchange } from './context.ts'

/** Looks at the process before any sink judges a call in it. A denial stops the call, whatever it is. */
export type FirstLook = (exchange: SinkExchange) => Denial | undefined

const first = watchOf<FirstLook>('first-look')

/** Has somebody look before every call that a sink is asked about. The one who said so last looks. */
export function lookFirst(look: FirstLook): void {
  first.inspector = look
}

/**
 * A call that a sink stopped. Frameworks answer it with its status; adapters of Bulwark with a problem document.
 *
 * **Security**: neither message nor properties hold anything of the client's or of the call.
 */
export class BlockedError extends BulwarkError {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof BulwarkError && value.code === 'BULWARK_CALL_BLOCKED'
  }

  readonly status: number
  readonly statusCode: number
  readonly expose: boolean = false
  /** Same as in the problem document and the event. */
  readonly incident: string

  constructor(sink: string, status: number, incident: string) {
    super(
      'BULWARK_CALL_BLOCKED',
      `${sink} stopped a call that what the client sent would have turned into another one (incident ${incident})`,
      {
        fix: 'find the event of this incident: its reason says what the call was made of',
      },
    )
    this.name = 'BlockedError'
    this.status = status
    this.statusCode = status
    this.incident = incident
  }
}

/**
 * Asks a sink about a call of the current exchange. Returns when the call may happen.
 *
 * A sink that breaks lets the call pass, and says so in an event: it stands behind all other guards, and an app must not fail
 * for a mistake in it.
 *
 * @throws BlockedError when it must not happen, and the sink is not only to observe
 */
export function consult<Call>(sink: Sink<Call>, call: Call, mode?: Mode): void {
  const exchange = currentExchange()
  if (exchange === undefined) return
  const denial = first.inspector?.(exchange)
  if (denial !== undefined) throw new BlockedError(denial.risk, denial.status, exchange.id)
  const ofPolicy = exchange.stanceOf(sink.name)
  // A protection that a policy turned off, with its reason, is off.
  if (ofPolicy === 'off') return
  const wanted = mode ?? ofPolicy
  const denied = ask(sink, call, exchange)
  if (denied === undefined) return
  const enforce = wanted === 'enforce'
  exchange.report({
    guard: sink.name,
    risk: denied.risk,
    reason: denied.reason,
    outcome: enforce ? 'denied' : 'observed',
  })
  if (enforce) throw new BlockedError(sink.name, denied.status, exchange.id)
}

/** Runs a part of a sink that decides nothing. What breaks in it is told in an event, and never reaches the app. */
export function attempt(sink: string, run: () => void): void {
  try {
    run()
  } catch (error) {
    const reason = 'the sink failed at remembering what was stored'
    currentExchange()?.report({ guard: sink, risk: sink, reason, outcome: 'failed', error })
  }
}

function ask<Call>(sink: Sink<Call>, call: Call, exchange: SinkExchange): ReturnType<Sink<Call>['judge']> {
  try {
    return sink.judge(call, exchange.untrusted)
  } catch (error) {
    exchange.report({
      guard: sink.name,
      risk: sink.name,
      reason: 'the sink failed, and the call passed',
      outcome: 'failed',
      error,
    })
    return undefined
  }
}
