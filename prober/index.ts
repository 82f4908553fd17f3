import { randomBytes } from 'node:crypto'
import type { Probe, Route } from '../library/core/probe.ts'
import { SignInFailed, Visitor } from './account.ts'
import { attack } from './attack.ts'
import { crawl, signInRoute } from './crawl.ts'
import { ProberError } from './errors.ts'
import { gradeOf } from './grade.ts'
import { probes as allProbes, risks as allRisks } from './probes.ts'
import { findingsOf, type ProbeOptions, type ProbeReport, type Stopped, totalsOf } from './report.ts'
import { checkProof, findGround, type Ground, PROOF_PATH } from './safety.ts'
import { Exhausted, openTarget, probeAddress, type Run } from './target.ts'
import { openWire, type Wire } from './wire.ts'

export type { Account, SignIn } from './account.ts'
export { type ProbeConfig, parseConfig, readConfig } from './config.ts'
export { ProberError, type ProberErrorCode } from './errors.ts'
export type { Grade } from './grade.ts'
export { probes, risks } from './probes.ts'
export {
  type Budget,
  exitCodeOf,
  isAtLeast,
  type ProbeOptions,
  type ProbeReport,
  type ProbeResult,
  type Stopped,
} from './report.ts'
export { proofOf } from './safety.ts'

/**
 * Attacks one app and reports what got through, with the evidence.
 * @throws ProberError when the target may not be attacked or the options make no sense; whatever happens after the first request ends
 * in the report.
 * **Security**: only this machine is attacked without further words; see `ownThis`.
 */
export async function probe(options: ProbeOptions): Promise<ProbeReport> {
  const started = Date.now()
  const start = performance.now()
  const probes = chosen(options)
  const ground = await findGround(options.url, options.ownThis)
  const signal = options.signal ?? new AbortController().signal
  const address = await firstListening(ground)
  const wire = openWire(ground, address)
  const notes: string[] = []
  try {
    const visitor =
      options.account && new Visitor(options.account, ground.origin, ground.tls || ground.place === 'loopback')
    const base: Omit<Run, 'firstStatus'> = {
      id: randomBytes(8).toString('hex'),
      wire,
      deadline: start + positive(options.budget?.ms, 120_000, 'budget.ms'),
      maxRequests: positive(options.budget?.requests, 1500, 'budget.requests'),
      requests: 0,
      holdFor: positive(options.holdFor, 12_000, 'holdFor'),
      burst: positive(options.burst, 120, 'burst'),
      visitor,
      manyAddresses: address.startsWith('127.') && (await canSendFrom(wire, probeAddress(0))),
      record: new WeakMap(),
      checks: 0,
    }
    const first = await openTarget({ ...base, firstStatus: 0 }, [], { requests: 1, signal, from: undefined }).send({
      path: ground.firstPage,
    })
    const run: Run = { ...base, requests: 1, firstStatus: first.status }
    if (ground.place === 'public') await requireProof(run, signal)
    let stopped: Stopped | undefined
    if (first.status === 0) {
      const why = signal.aborted ? 'signal' : 'target'
      stopped = { why, message: `The target gave no answer to GET ${ground.firstPage} (${first.failure}).` }
    }
    const routes = stopped ? (options.routes ?? []) : await findRoutes(run, options, signal, notes)
    const attacked = await attack(run, {
      probes,
      risks: new Map((options.risks ?? allRisks).map((risk) => [risk.id, risk])),
      routes,
      skip: (probe) => stopped?.message ?? whySkipped(probe, options, ground),
      onOutcome: options.onOutcome ?? (() => undefined),
      signal,
    })
    stopped ??= attacked.stopped
    const totals = totalsOf(attacked.results)
    return {
      target: ground.origin,
      started,
      ms: Math.round(performance.now() - start),
      requests: run.requests,
      routes,
      results: attacked.results,
      totals,
      grade: gradeOf(attacked.results, totals),
      findings: findingsOf(attacked.results),
      ...(stopped && { stopped }),
      notes,
    }
  } finally {
    wire.close()
  }
}

async function findRoutes(run: Run, options: ProbeOptions, signal: AbortSignal, notes: string[]): Promise<Route[]> {
  const { account } = options
  // Without an account nobody can ask for what needs one, and an attack on it would prove nothing.
  const given = (options.routes ?? []).filter((route) => account !== undefined || route.signedIn !== true)
  const left = (options.routes ?? []).length - given.length
  if (left > 0) notes.push(`${left} of the given routes need an account and were left out.`)
  if (options.crawl === false) {
    const known = account && given.every((route) => route.signIn !== true)
    return known ? [...given, signInRoute(account)] : given
  }
  const found: Route[] = []
  const { origin, firstPage } = run.wire.ground
  const from = run.manyAddresses ? '127.82.0.1' : undefined
  const target = openTarget(run, [], { requests: 200, signal, from })
  try {
    await crawl({ origin, firstPage, send: target.send, account, routes: given, found })
  } catch (error) {
    if (!(error instanceof Exhausted) && !(error instanceof SignInFailed)) throw error
    notes.push(`Not every page was read. ${error.message}`)
  }
  return found
}

function chosen({ probes = allProbes, risks = allRisks, only = [], skip = [], kinds }: ProbeOptions): readonly Probe[] {
  for (const name of [...only, ...skip]) {
    if (probes.some((probe) => isCalled(probe, name)) || risks.some((risk) => risk.id === name)) continue
    throw new ProberError(
      'OPTIONS_INVALID',
      `No probe, protection or risk is called ${name}.`,
      'See bulwark explain for the names.',
    )
  }
  return probes.filter(
    (probe) =>
      (only.length === 0 || only.some((name) => isCalled(probe, name))) &&
      (kinds === undefined || kinds.includes(probe.kind)),
  )
}

function whySkipped(probe: Probe, { skip = [] }: ProbeOptions, ground: Ground): string | undefined {
  if (skip.some((name) => isCalled(probe, name))) return 'It was left out on request.'
  return ground.place === 'public' && probe.kind !== 'passive'
    ? 'A public target is only looked at, not attacked.'
    : undefined
}

function isCalled(probe: Probe, name: string): boolean {
  return probe.name === name || probe.risk === name || probe.name.startsWith(`${name}/`)
}

async function requireProof(run: Run, signal: AbortSignal): Promise<void> {
  const { ground } = run.wire
  const target = openTarget(run, [], { requests: 1, signal, from: undefined })
  const proof = await target.send({ path: PROOF_PATH })
  checkProof(ground, proof.status, proof.text)
}

/** The pinned address: the first one on which somebody listens, or simply the first. */
async function firstListening(ground: Ground): Promise<string> {
  const [first = '127.0.0.1'] = ground.addresses
  if (ground.addresses.length < 2) return first
  for (const address of ground.addresses) {
    if (await canConnect(openWire({ ...ground, tls: false }, address), undefined)) return address
  }
  return first
}

/** Linux owns all of 127.0.0.0/8; other systems only what was configured. */
async function canSendFrom(wire: Wire, address: string): Promise<boolean> {
  return canConnect(openWire({ ...wire.ground, tls: false }, wire.address), address)
}

function canConnect(wire: Wire, from: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = wire.open(from)
    const end = (connected: boolean): void => {
      socket.destroy()
      resolve(connected)
    }
    socket.setTimeout(3000, () => end(false))
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

function positive(value: number | undefined, otherwise: number, name: string): number {
  if (value === undefined) return otherwise
  if (Number.isFinite(value) && value > 0) return value
  throw new ProberError('OPTIONS_INVALID', `${name} must be a number above 0.`, `Leave it out for ${otherwise}.`)
}
