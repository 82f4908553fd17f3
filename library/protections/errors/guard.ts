import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { parseDuration } from '../../toolbox/duration.ts'
import { TwoGenerations } from '../../toolbox/two-generations.ts'
import { Failures, failureOf } from './failures.ts'
import { guardProcess } from './process.ts'

export interface ErrorsOptions extends CommonOptions {
  /** How often one client may cause the same failure of one route within `window`, before it has to pause there. @default 5 */
  readonly repeats?: number
  /** @default '1m' */
  readonly window?: string | number
  /**
   * Whether an error that nobody caught ends the process, as Node does by default: with an event, and after the other exchanges had time to
   * finish. Has no effect in an app that listens for `uncaughtException` or `unhandledRejection` itself.
   *
   * **Security**: with `false` the process goes on in a state that nobody has thought about.
   * @default true
   */
  readonly exitOnUncaught?: boolean
  /** How long running exchanges may go on while the process ends. @default '5s' */
  readonly drain?: string | number
}

/** Distinct failures whose reports are remembered, and for how long nothing more is said about each. */
const REPORTED = 1000
const SILENT = 60_000

/**
 * Slows down a client that keeps making the same route fail, reports each distinct failure with its error, and ends the process in good
 * order when nobody caught one. That clients learn nothing from a failure is the runtime's doing, for every answer that it writes.
 *
 * **Security**: CWE-209, CWE-248, CWE-770; ASVS 16.5.1, 16.5.3, 16.5.4, 2.4.1.
 * @throws BulwarkError `BULWARK_LIMIT_INVALID`, `BULWARK_DURATION_INVALID`
 */
export function errors(options: ErrorsOptions, setup: Setup): Guard {
  const { now } = setup
  const window = checkDuration(options.window ?? '1m', 'window')
  if (window === 0) {
    throw new BulwarkError('BULWARK_DURATION_INVALID', 'within no time nothing is repeated', {
      at: 'policy.errors.window',
      fix: "write it like '30s' or '1m'; off('why') turns the protection off",
    })
  }
  const plan = { setup, exit: options.exitOnUncaught ?? true, drain: checkDuration(options.drain ?? '5s', 'drain') }
  const failures = new Failures(checkRepeats(options.repeats ?? 5), window)
  const reported = new TwoGenerations<number>(REPORTED)

  const judge = (x: Exchange): Denial | undefined => {
    const at = now()
    if (failures.isQuiet(at)) return undefined
    const pause = failures.pauseOf(x.request.client, placeOf(x), at)
    if (pause === 0) return undefined
    return deny('repeated-failure', 'a client that keeps causing the same failure of this route', 429, {
      headers: { 'Retry-After': String(Math.ceil(pause / 1000)) },
    })
  }

  return {
    name: 'errors',
    phase: 'answer',
    onRequest: judge,
    onRoute: judge,
    onError(x, error, status) {
      // 503 says "not now", by design and mostly by Bulwark: whoever comes back as told must not be slowed for it.
      if (status < 500 || status === 503) return
      const at = now()
      const place = placeOf(x)
      const failure = failureOf(error)
      x.notes.set('errors', true)
      failures.count(x.request.client, place, failure, at)
      const key = `${place} ${failure}`
      const last = reported.get(key)
      if (last !== undefined && at - last < SILENT) return
      reported.set(key, at)
      x.report({
        guard: 'errors',
        risk: 'unhandled-failure',
        reason: 'a route failed, and the client was told nothing but the incident id',
        error,
      })
    },
    onResponse(x) {
      const { status } = x.response
      // An error that the app answered itself never came by `onError`.
      if (status < 500 || status === 503 || x.notes.get('errors') === true) return undefined
      failures.count(x.request.client, placeOf(x), String(status), now())
      return undefined
    },
    onServer(server) {
      guardProcess(server, plan)
    },
  }
}

/** The route, or the path as it was sent where no framework has matched one. */
function placeOf(x: Exchange): string {
  const { route } = x
  return route === undefined ? `${x.request.method} ${x.request.path.slice(0, 200)}` : `${route.method} ${route.path}`
}

function checkRepeats(repeats: number): number {
  if (Number.isSafeInteger(repeats) && repeats >= 1) return repeats
  throw new BulwarkError('BULWARK_LIMIT_INVALID', `"${String(repeats)}" is no number of repeats`, {
    at: 'policy.errors.repeats',
    fix: 'use a whole number from 1; leave it out for 5',
  })
}

function checkDuration(value: string | number, name: string): number {
  const ms = parseDuration(value)
  if (ms !== undefined) return ms
  throw new BulwarkError('BULWARK_DURATION_INVALID', `"${String(value)}" is no duration`, {
    at: `policy.errors.${name}`,
    fix: "write it like '30s' or '1m', or as a number of milliseconds",
  })
}
