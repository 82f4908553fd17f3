import type { Evidence, Finding } from '../library/core/finding.ts'
import type { Outcome, Probe, ProbeKind, ProbeVerdict, Route } from '../library/core/probe.ts'
import type { Risk, Severity } from '../library/core/risk.ts'
import type { Account } from './account.ts'
import type { Grade } from './grade.ts'

export interface ProbeOptions {
  /** The target, such as `http://127.0.0.1:3000`. A path in it names the page that tells whether the target is alive. */
  readonly url: string
  /** Places to attack, besides those that crawling finds. */
  readonly routes?: readonly Route[]
  /** Whether to look for pages and forms by following links. @default true */
  readonly crawl?: boolean
  /** Without one, nothing behind the sign-in is attacked. */
  readonly account?: Account
  /** Somebody else, best with more rights: whom the account attacks. Without one, nobody's objects are anybody else's. */
  readonly other?: Account
  /** @default every probe of every protection */
  readonly probes?: readonly Probe[]
  /** The risks that the probes point at, for titles and severities. @default every risk of every protection */
  readonly risks?: readonly Risk[]
  /** Runs these only: names of probes, of protections (`csrf`) or ids of risks. */
  readonly only?: readonly string[]
  /** Leaves these out: names of probes, of protections or ids of risks. */
  readonly skip?: readonly string[]
  /** Runs these kinds only; `['passive', 'active']` writes nothing. @default all */
  readonly kinds?: readonly ProbeKind[]
  /** Milliseconds that `hold` probes keep connections open. @default 12000 */
  readonly holdFor?: number
  /** Requests in one burst of `load` and `last` probes: more than a generous limit lets through at once. @default 350 */
  readonly burst?: number
  readonly budget?: Partial<Budget>
  /** The exact host of a target that is not this machine, repeated as a promise that it may be attacked. */
  readonly ownThis?: string
  /**
   * The authority that the target's certificate has to come from, PEM, such as that of `bulwark tls dev`.
   *
   * **Security**: with it the certificate is checked on this machine as well; without it, only elsewhere.
   */
  readonly ca?: string
  /** The port of the same host that is asked without encryption. @default 80 when the target's own is 443, else none */
  readonly plainPort?: number
  /** Called as soon as a probe is done. */
  readonly onOutcome?: (result: ProbeResult) => void
  /** Ends the run early; the report then holds what was found so far. */
  readonly signal?: AbortSignal
}

export interface Budget {
  /** Requests of the whole run. @default 12000 */
  readonly requests: number
  /** Milliseconds of the whole run. @default 120000 */
  readonly ms: number
}

export interface ProbeReport {
  readonly target: string
  /** Milliseconds since the epoch. */
  readonly started: number
  readonly ms: number
  readonly requests: number
  /** The places that were attacked. */
  readonly routes: readonly Route[]
  /** In the order in which the probes ended. */
  readonly results: readonly ProbeResult[]
  readonly totals: Readonly<Record<ProbeVerdict, number>>
  readonly grade: Grade
  readonly findings: readonly Finding[]
  /** Why the run ended before every probe had its turn. */
  readonly stopped?: Stopped
  /** What the reader should know about how the run went, such as a sign-in that did not work. */
  readonly notes: readonly string[]
}

export interface Stopped {
  /** The target stopped answering, the caller gave up, or the budget was used up. */
  readonly why: 'target' | 'signal' | 'budget'
  readonly message: string
  /** The probe after which that was noticed. */
  readonly after?: string
}

export interface ProbeResult {
  readonly probe: string
  readonly risk: string
  readonly title: string
  readonly severity: Severity
  readonly kind: ProbeKind
  readonly verdict: ProbeVerdict
  readonly outcomes: readonly Outcome[]
  /** Of the outcome that decided the verdict. */
  readonly message: string
  readonly remedy: string
  readonly evidence?: Evidence
  readonly ms: number
  readonly requests: number
  /** The loopback addresses that its requests came from: what the app's own log of the attack can be found by. */
  readonly addresses?: readonly string[]
}

/** One proven outcome weighs more than doubt, doubt more than an attack that failed, and an attack that failed more than none. */
const WEIGHT: readonly ProbeVerdict[] = ['proven', 'inconclusive', 'disproven', 'skipped', 'not-applicable']

/** The outcome that decides a probe's verdict; `undefined` when the probe found nothing to attack. */
export function decisive(outcomes: readonly Outcome[]): Outcome | undefined {
  for (const verdict of WEIGHT) {
    const found = outcomes.find((outcome) => outcome.verdict === verdict)
    if (found) return found
  }
  return undefined
}

export function totalsOf(results: readonly ProbeResult[]): Record<ProbeVerdict, number> {
  const totals = { proven: 0, disproven: 0, inconclusive: 0, 'not-applicable': 0, skipped: 0 }
  for (const result of results) totals[result.verdict]++
  return totals
}

/** One finding for each place where a probe got through. */
export function findingsOf(results: readonly ProbeResult[]): Finding[] {
  return results.flatMap((result) =>
    result.outcomes
      .filter((outcome) => outcome.verdict === 'proven')
      .map((outcome) => ({
        risk: result.risk,
        severity: result.severity,
        foundBy: result.probe,
        message: outcome.message,
        remedy: outcome.remedy,
        place: { method: outcome.method, path: outcome.path },
        ...(outcome.evidence && { evidence: outcome.evidence }),
      })),
  )
}

const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical']

/** Whether a severity is at least as bad as another. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least)
}

/**
 * What the command line answers: 1 when something at or above `failOn` was proven; otherwise 3 when the run says too little to be
 * trusted (it ended early, or more than a fifth of what applies stayed inconclusive); otherwise 0.
 * A check that passes because the app crashed would be worse than none.
 */
export function exitCodeOf(report: Pick<ProbeReport, 'findings' | 'totals' | 'stopped'>, failOn: Severity): 0 | 1 | 3 {
  if (report.findings.some((finding) => isAtLeast(finding.severity, failOn))) return 1
  const { proven, disproven, inconclusive } = report.totals
  const applicable = proven + disproven + inconclusive
  return report.stopped !== undefined || inconclusive > applicable * 0.2 ? 3 : 0
}
