import { setMaxListeners } from 'node:events'
import type { Answer, Outcome, Probe, ProbeKind, Route } from '../library/core/probe.ts'
import type { Risk } from '../library/core/risk.ts'
import { SignInFailed } from './account.ts'
import { evidenceOf, hideSecrets } from './evidence.ts'
import { decisive, type ProbeResult, type Stopped } from './report.ts'
import { Exhausted, openTarget, type ProbedTarget, probeAddress, type Run } from './target.ts'

/** From what only reads to what may leave the target disturbed. `hold` runs beside everything before `load`. */
const ORDER: readonly ProbeKind[] = ['hold', 'passive', 'active', 'state', 'load', 'last']

const MOST_REQUESTS = 200
const MOST_MS = 20_000

/** A restart or a long garbage collection is no outage. */
const PAUSES: readonly number[] = [0, 300, 1000, 2000]

export interface Plan {
  readonly probes: readonly Probe[]
  readonly risks: ReadonlyMap<string, Risk>
  readonly routes: readonly Route[]
  /** Why a probe is not run, where it is not. */
  readonly skip: (probe: Probe) => string | undefined
  readonly onOutcome: (result: ProbeResult) => void
  readonly signal: AbortSignal
  /** Milliseconds to wait before each look at a target that does not answer. @default over three seconds in all */
  readonly pauses?: readonly number[]
}

export interface Attacked {
  readonly results: readonly ProbeResult[]
  readonly stopped: Stopped | undefined
}

/** Runs every probe in its turn, with a look at the target's health in between. Never throws on account of a probe. */
export async function attack(run: Run, plan: Plan): Promise<Attacked> {
  const results: ProbeResult[] = []
  const beside: Promise<void>[] = []
  let stopped: Stopped | undefined
  let cut = false
  const keep = (result: ProbeResult): void => {
    results.push(result)
    plan.onOutcome(result)
  }
  let told: Probe | undefined
  const runAndKeep = async (probe: Probe, n: number): Promise<Ran> => {
    const ran = await runOne(run, plan, probe, n)
    if (ran.cut) cut = true
    keep(ran.result)
    return ran
  }
  /** A target that is gone says what is wrong with it by that. */
  const tell = ({ last, target }: Ran): void => {
    const teller = plan.probes.find((probe) => probe.onOutage !== undefined && plan.skip(probe) === undefined)
    const outcome = last && teller?.onOutage?.(last)
    if (teller === undefined || outcome === undefined) return
    told = teller
    keep(resultOf(teller, plan, [withEvidence(outcome, run, target)], { ms: 0, requests: 0, addresses: [] }))
  }
  const finishBeside = async (names: string): Promise<void> => {
    if (beside.length === 0) return
    await Promise.all(beside.splice(0))
    stopped ??= await checkHealth(run, plan, names)
  }
  const ordered = plan.probes.map((probe, n) => ({ probe, n })).sort((a, b) => placeOf(a.probe) - placeOf(b.probe))
  for (const { probe, n } of ordered) {
    if (probe === told) continue
    const skipped = plan.skip(probe)
    if (skipped !== undefined) {
      keep(withoutRunning(probe, plan, skipped))
      continue
    }
    // What is sent in masses would disturb the connections that are being held, and the verdict on them.
    if (probe.kind === 'load' || probe.kind === 'last') await finishBeside('connections were held')
    stopped ??= whyStop(run, plan.signal)
    if (stopped) keep(withoutRunning(probe, plan, stopped.message))
    else if (probe.kind === 'hold') beside.push(runAndKeep(probe, n).then(() => undefined))
    else {
      const ran = await runAndKeep(probe, n)
      if (probe.kind !== 'passive' && ran.result.requests > 0) {
        stopped = await checkHealth(run, plan, `${probe.name} ran`, probe.name)
        if (stopped) tell(ran)
      }
    }
  }
  await finishBeside('connections were held')
  if (cut) stopped ??= whyStop(run, plan.signal)
  return { results, stopped }
}

/** Nothing comes after what a careless app goes down on. */
function placeOf({ kind, isRough }: Probe): number {
  return isRough === true ? ORDER.length : ORDER.indexOf(kind)
}

interface Ran {
  readonly result: ProbeResult
  /** The end of the run took something from it. */
  readonly cut: boolean
  /** The answer that was broken off, if none came after it. */
  readonly last: Answer | undefined
  readonly target: ProbedTarget
}

/** One probe within its allowance. */
async function runOne(run: Run, plan: Plan, probe: Probe, n: number): Promise<Ran> {
  const start = performance.now()
  const most = Math.min(probe.kind === 'hold' ? run.holdFor * 2 + 5000 : MOST_MS, Math.max(0, run.deadline - start))
  const over = new AbortController()
  // Each request of a burst listens to it; Node would take more than ten for a leak.
  setMaxListeners(0, over.signal)
  const onAbort = (): void => over.abort()
  plan.signal.addEventListener('abort', onAbort)
  if (plan.signal.aborted) over.abort()
  // Timers may be early by a millisecond, and then the deadline would not have passed yet.
  const timer = setTimeout(onAbort, most + 2)
  const extra = probe.kind === 'load' || probe.kind === 'last' ? run.burst * 2 : 0
  const target = openTarget(run, plan.routes, {
    requests: MOST_REQUESTS + extra,
    signal: over.signal,
    from: run.manyAddresses ? probeAddress(n) : undefined,
  })
  const outcomes: Outcome[] = []
  const problem = await collect(probe, target, over.signal, outcomes)
  clearTimeout(timer)
  plan.signal.removeEventListener('abort', onAbort)
  // Sockets that a probe leaves behind would be counted against the next one.
  over.abort()
  if (problem !== undefined) outcomes.push(inconclusive(reasonOf(problem, most, plan.signal), run))
  const cut =
    problem instanceof Exhausted
      ? problem.why !== 'probe'
      : problem === over.signal && whyStop(run, plan.signal) !== undefined
  const result = resultOf(
    probe,
    plan,
    outcomes.map((outcome) => withEvidence(outcome, run, target)),
    { ms: performance.now() - start, requests: target.used, addresses: [...target.addresses] },
  )
  return { result, cut, last: target.brokenOff, target }
}

/** Takes the probe's outcomes as they come; answers what kept it from finishing, if anything did. */
async function collect(probe: Probe, target: ProbedTarget, signal: AbortSignal, outcomes: Outcome[]): Promise<unknown> {
  const cut = new Promise<AbortSignal>((resolve) => {
    if (signal.aborted) resolve(signal)
    signal.addEventListener('abort', () => resolve(signal), { once: true })
  })
  try {
    const iterator = probe.attack(target)[Symbol.asyncIterator]()
    for (;;) {
      const step = await Promise.race([iterator.next(), cut])
      if (step === signal) {
        // Not awaited: whatever the probe is waiting for need not ever come.
        iterator.return?.().then(undefined, () => undefined)
        return signal
      }
      const { done, value } = step as IteratorResult<Outcome>
      if (done) return undefined
      outcomes.push(value)
    }
  } catch (error) {
    return signal.aborted ? signal : (error ?? new Error('The probe failed.'))
  }
}

function reasonOf(problem: unknown, most: number, signal: AbortSignal): string {
  if (signal.aborted) return 'The run was ended early.'
  if (problem instanceof AbortSignal) return `It was not done after ${Math.round(most / 100) / 10} seconds.`
  if (problem instanceof Exhausted || problem instanceof SignInFailed) return problem.message
  return `The probe itself failed: ${problem instanceof Error ? problem.message : String(problem)}`
}

function inconclusive(message: string, run: Run): Outcome {
  return {
    verdict: 'inconclusive',
    method: 'GET',
    path: run.wire.ground.firstPage,
    message,
    remedy: 'Run this probe alone.',
  }
}

/** The outcome as the report keeps it: answers carry cookies and whole pages, so only their evidence stays. */
function withEvidence({ answer, ...outcome }: Outcome, run: Run, target: ProbedTarget): Outcome {
  const secrets = [...(run.visitor?.secrets() ?? []), ...(run.other?.secrets() ?? [])]
  const message = hideSecrets(outcome.message, secrets)
  const { evidence } = outcome
  if (evidence) {
    const [curl, request, response] = [evidence.curl, evidence.request, evidence.response].map((text) =>
      hideSecrets(text, secrets),
    )
    return { ...outcome, message, evidence: { ...evidence, curl: curl!, request: request!, response: response! } }
  }
  if (outcome.verdict !== 'proven' || !answer) return { ...outcome, message }
  const sent = run.record.get(answer) ?? { ground: run.wire.ground, from: undefined }
  const about = { sent, repeats: outcome.repeats ?? 1, nonces: target.nonces, secrets }
  return { ...outcome, message, evidence: evidenceOf(answer, about) }
}

function withoutRunning(probe: Probe, plan: Plan, message: string): ProbeResult {
  const outcome: Outcome = { verdict: 'skipped', method: '-', path: '-', message, remedy: '' }
  return resultOf(probe, plan, [outcome], { ms: 0, requests: 0, addresses: [] })
}

function resultOf(
  probe: Probe,
  plan: Plan,
  outcomes: readonly Outcome[],
  spent: { ms: number; requests: number; addresses: readonly string[] },
): ProbeResult {
  const deciding = decisive(outcomes)
  return {
    probe: probe.name,
    risk: probe.risk,
    title: probe.title,
    severity: plan.risks.get(probe.risk)?.severity ?? 'medium',
    kind: probe.kind,
    verdict: deciding?.verdict ?? 'not-applicable',
    outcomes,
    message: deciding?.message ?? 'There is nothing here that could be attacked this way.',
    remedy: deciding?.remedy ?? '',
    ...(deciding?.evidence && { evidence: deciding.evidence }),
    ms: Math.round(spent.ms),
    requests: spent.requests,
    ...(spent.addresses.length > 0 && { addresses: spent.addresses }),
  }
}

/** Looks whether the target still answers; a limit or a moment of overload is an answer, an outage is not. */
async function checkHealth(run: Run, plan: Plan, since: string, after?: string): Promise<Stopped | undefined> {
  const { pauses = PAUSES, signal } = plan
  const target = openTarget(run, plan.routes, { requests: pauses.length, signal, from: undefined })
  for (const pause of pauses) {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    try {
      if ((await target.health()) !== 'gone') return undefined
    } catch (error) {
      if (error instanceof Exhausted) return undefined // The next turn of the loop sees it as well.
      throw error
    }
  }
  const message = `The target no longer answers as it did at the beginning, since ${since}.`
  return { why: 'target', message, ...(after !== undefined && { after }) }
}

function whyStop(run: Run, signal: AbortSignal): Stopped | undefined {
  if (signal.aborted) return { why: 'signal', message: 'The run was ended early.' }
  if (run.requests >= run.maxRequests) {
    return { why: 'budget', message: `The budget of ${run.maxRequests} requests is used up.` }
  }
  if (performance.now() >= run.deadline) return { why: 'budget', message: 'The time of this run is used up.' }
  return undefined
}
