import { randomBytes } from 'node:crypto'
import type { Probe, Route } from '../library/core/probe.ts'
import { type Account, isSecretName, SignInFailed, Visitor } from './account.ts'
import { attack } from './attack.ts'
import { crawl, signInRoute } from './crawl.ts'
import { ProberError } from './errors.ts'
import { FormTokens } from './form-tokens.ts'
import { gradeOf } from './grade.ts'
import { probes as allProbes, risks as allRisks } from './probes.ts'
import { findingsOf, type ProbeOptions, type ProbeReport, type Stopped, totalsOf } from './report.ts'
import { checkProof, type Ground, PROOF_PATH } from './safety.ts'
import { Shapes } from './shapes.ts'
import { Exhausted, openTarget, probeAddress, type Run } from './target.ts'
import { openWire, type Wire } from './wire.ts'

/** Runs the probes against a target that may be attacked. */
export async function probeAt(ground: Ground, probes: readonly Probe[], options: ProbeOptions): Promise<ProbeReport> {
  const started = Date.now()
  const start = performance.now()
  const signal = options.signal ?? new AbortController().signal
  const address = await firstListening(ground)
  const wire = openWire(ground, address, options.ca)
  const plain = await plainWire(ground, address, options.plainPort)
  const notes: string[] = []
  try {
    const visit = (account: Account | undefined): Visitor | undefined =>
      account && new Visitor(account, ground.origin, ground.tls || ground.place === 'loopback')
    const run: Run = {
      id: randomBytes(8).toString('hex'),
      wire,
      ...(plain && { plain }),
      deadline: start + positive(options.budget?.ms, 120_000, 'budget.ms'),
      maxRequests: positive(options.budget?.requests, 12_000, 'budget.requests'),
      requests: 0,
      holdFor: positive(options.holdFor, 12_000, 'holdFor'),
      burst: positive(options.burst, 350, 'burst'),
      visitor: visit(options.account),
      other: visit(options.other),
      manyAddresses: address.startsWith('127.') && (await canSendFrom(wire, probeAddress(0))),
      firstStatus: 0,
      record: new WeakMap(),
      tokens: new FormTokens(),
      shapes: new Shapes(options.routes),
      checks: 0,
    }
    let stopped = await begin(run, signal, notes)
    const routes = stopped ? (options.routes ?? []) : await findRoutes(run, options, signal, notes)
    for (const route of routes) run.shapes.add(route)
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
      routes: routes.map(withoutSecrets),
      results: attacked.results,
      totals,
      grade: gradeOf(attacked.results, totals),
      findings: findingsOf(attacked.results),
      ...(stopped && { stopped }),
      notes,
    }
  } finally {
    wire.close()
    plain?.close()
  }
}

/** The same host without encryption: only where somebody listens, and never another host. */
async function plainWire(ground: Ground, address: string, port: number | undefined): Promise<Wire | undefined> {
  const own = port ?? (ground.port === 443 ? 80 : undefined)
  if (!ground.tls || own === undefined) return undefined
  if (!Number.isInteger(own) || own < 1 || own > 65_535) {
    throw new ProberError('OPTIONS_INVALID', 'plainPort is no port.', 'Give a number from 1 to 65535.')
  }
  const shown = ground.hostname.includes(':') ? `[${ground.hostname}]` : ground.hostname
  const host = own === 80 ? shown : `${shown}:${own}`
  const wire = openWire({ ...ground, tls: false, port: own, host, origin: `http://${host}` }, address)
  return (await canConnect(wire, undefined)) ? wire : undefined
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
    await crawl({ origin, firstPage, send: target.send, account, routes: given, found, tokens: run.tokens })
  } catch (error) {
    if (!(error instanceof Exhausted) && !(error instanceof SignInFailed)) throw error
    notes.push(`Not every page was read. ${error.message}`)
  }
  return found
}

/**
 * The probes that the options ask for.
 * @throws ProberError `OPTIONS_INVALID` when a name stands for nothing: a typing error must not look like a pass.
 */
export function chosenOf({
  probes = allProbes,
  risks = allRisks,
  only = [],
  skip = [],
  kinds,
}: ProbeOptions): readonly Probe[] {
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

/** The first look at the target; answers why the run cannot begin, if it cannot. */
async function begin(run: Run, signal: AbortSignal, notes: string[]): Promise<Stopped | undefined> {
  if (signal.aborted) return { why: 'signal', message: 'The run was ended early.' }
  const { ground } = run.wire
  const target = openTarget(run, [], { requests: 2, signal, from: undefined })
  if (ground.place === 'public') {
    const proof = await target.send({ path: PROOF_PATH })
    checkProof(ground, proof.status, proof.text)
  }
  const first = await target.send({ path: ground.firstPage })
  run.firstStatus = first.status
  if (first.status >= 400)
    notes.push(`GET ${ground.firstPage} answers ${first.status}: give the address of a page that works.`)
  if (first.status !== 0) return undefined
  const why = signal.aborted ? 'signal' : 'target'
  return { why, message: `The target gave no answer to GET ${ground.firstPage} (${first.failure}).` }
}

/** A route as the report shows it: the sign-in's fields hold a password that works. */
function withoutSecrets(route: Route): Route {
  if (!route.body) return route
  const fields = Object.entries(route.body.fields).map(([name, value]) => [
    name,
    isSecretName(name) ? '[redacted]' : value,
  ])
  return { ...route, body: { ...route.body, fields: Object.fromEntries(fields) } }
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
