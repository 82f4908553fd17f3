import type { ProbeReport, ProbeResult } from '@bulwark/prober'
import { ALSO_STOPPED } from './also.ts'
import type { Lines } from './lines.ts'
import type { TwinEvent } from './twins.ts'

/** One probe against both blogs. */
export interface Attack {
  /** The probe's name, such as `csrf/cross-site-form`. */
  readonly id: string
  readonly unsafe: ProbeResult
  readonly protected: ProbeResult
  /** The protection that stopped it; `undefined` when it was not stopped, or when nothing can be said. */
  readonly stoppedBy: string | undefined
  /** The events of the protected blog about this attack's requests. */
  readonly events: readonly TwinEvent[]
}

/** Whether people can still do what the attack abused. `untried` when the run was cut short. */
export type Honest = 'passes' | 'fails' | 'untried'

export interface HonestResult {
  readonly honest: Honest
  /** What was asked and what came back, such as `POST /profile 303`. */
  readonly requests: readonly string[]
}

export interface DemoResult {
  readonly attacks: readonly (Attack & HonestResult)[]
  readonly unsafe: ProbeReport
  readonly protected: ProbeReport
  readonly lines: Lines
  /** From the first request to the last, honest ones included. */
  readonly ms: number
}

export interface Totals {
  readonly attacks: number
  readonly provenOnUnsafe: number
  readonly provenOnProtected: number
  readonly inconclusiveOnProtected: number
  readonly honestFailures: number
  readonly requests: number
  readonly ms: number
  readonly grades: { readonly unsafe: string; readonly protected: string }
}

/** What the demo promises to show when it runs all attacks. */
export const LEAST_PROVEN = 20

export function totalsOf({ attacks, unsafe, protected: blog, ms }: DemoResult): Totals {
  const count = (is: (attack: Attack & HonestResult) => boolean): number => attacks.filter(is).length
  return {
    attacks: attacks.length,
    provenOnUnsafe: count((attack) => attack.unsafe.verdict === 'proven'),
    provenOnProtected: count((attack) => attack.protected.verdict === 'proven'),
    inconclusiveOnProtected: count((attack) => attack.protected.verdict === 'inconclusive'),
    honestFailures: count((attack) => attack.honest !== 'passes'),
    requests: unsafe.requests + blog.requests,
    ms: Math.round(ms),
    grades: { unsafe: unsafe.grade.letter, protected: blog.grade.letter },
  }
}

/** Judged by milliseconds: on a machine that is busy with other things nothing can be said, and nothing is. */
export const BY_TIME: RegExp = /-by-time$|^redos\/|^overload\//

/** Why the demo did not show what it promises; empty when it did. */
export function failuresOf(result: DemoResult, leastProven: number = LEAST_PROVEN): string[] {
  const totals = totalsOf(result)
  const failures: string[] = []
  for (const { id, ...attack } of result.attacks) {
    if (attack.protected.verdict === 'proven') failures.push(`${id} got through to the protected blog.`)
    if (attack.honest !== 'passes')
      failures.push(`${id}: an honest request did not pass (${attack.requests.join(', ')}).`)
    // What broke the twin must have been tried in earnest on the blog too.
    if (attack.unsafe.verdict === 'proven' && attack.protected.verdict === 'inconclusive' && !BY_TIME.test(id))
      failures.push(`${id}: nothing can be said of the protected blog. ${attack.protected.message}`)
  }
  if (totals.provenOnUnsafe < leastProven)
    failures.push(`Only ${totals.provenOnUnsafe} attacks broke the unsafe blog; at least ${leastProven} should.`)
  for (const { target, stopped } of [result.unsafe, result.protected]) {
    if (stopped) failures.push(`${target}: ${stopped.message}`)
  }
  return failures
}

/** The result for programs. */
export function toJson(result: DemoResult): object {
  return {
    attacks: result.attacks.map(({ id, unsafe, protected: blog, stoppedBy, honest }) => ({
      id,
      risk: unsafe.risk,
      title: unsafe.title,
      severity: unsafe.severity,
      unsafe: unsafe.verdict,
      evidence: evidenceOf(unsafe),
      protected: blog.verdict,
      stoppedBy: stoppedBy ?? null,
      also: (stoppedBy && ALSO_STOPPED[id]) ?? null,
      honest,
    })),
    totals: totalsOf(result),
    lines: result.lines,
  }
}

/** A few words about why a verdict is what it is: the request that decided it, and the answer's status. */
export function evidenceOf({ verdict, outcomes, evidence }: ProbeResult): string {
  const outcome = outcomes.find((one) => one.verdict === verdict)
  if (verdict !== 'proven' || !outcome) return ''
  // No request is sent in a handshake: its evidence begins with what came of it.
  if (outcome.method === 'TLS') return `TLS ${evidence?.response.split('\n')[0]?.replace(/^TLS/, '') ?? ''}`
  const status = /^HTTP\/\d\.\d (\d{3})/.exec(evidence?.response ?? '')?.[1]
  return `${outcome.method} ${outcome.path}${status ? ` → ${status}` : ''}`
}
