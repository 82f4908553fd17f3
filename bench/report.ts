import type { Settings } from './arguments.ts'
import { type Framework, facts, frameworks, type Scenario, type Stack, scenarios, stacks } from './cases.ts'
import { ratio, type Spread, spread } from './numbers.ts'
import type { Sample } from './rounds.ts'

/** On an anonymous GET, Bulwark adds at most this share of what the usual stack adds. */
export const GOAL = 0.1

/** The rounds of one scenario under one stack, in one line. */
export interface Row {
  readonly framework: Framework
  readonly stack: Stack
  readonly scenario: Scenario
  /** Microseconds of server CPU per request. */
  readonly cpu: Spread
  readonly requestsPerSecond: Spread
  /** Milliseconds. */
  readonly p50: Spread
  /** Milliseconds. */
  readonly p99: Spread
  /** Microseconds more than the bare framework: of the lower quartiles, and of each round by itself. */
  readonly added: Spread | undefined
  /** Median CPU as a multiple of the bare framework's. */
  readonly ofBare: number | undefined
  /** What is added as a share of what the usual stack adds. */
  readonly ofUsual: number | undefined
}

export interface Verdict {
  readonly framework: Framework
  /** `undefined` where there is nothing to compare with. */
  readonly met: boolean | undefined
  readonly text: string
}

/** The machine, as far as it explains the numbers. */
export interface Machine {
  readonly node: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  /** The cores that server and load generator kept to, or `undefined`. */
  readonly pinned: { readonly server: number; readonly load: number } | undefined
  /** Processes that wanted a core in the minute before the run and in its last one. Well above 0 before it: the numbers mean little. */
  readonly busyBefore: number
  readonly busyAfter: number
}

/** Takes the rounds of each case together. */
export function summarise(samples: readonly Sample[]): readonly Row[] {
  return frameworks.flatMap((framework) =>
    scenarios.flatMap((scenario) => {
      const of = (stack: Stack): readonly Sample[] =>
        samples
          .filter((one) => one.framework === framework && one.scenario === scenario && one.stack === stack)
          .sort((a, b) => a.round - b.round)
      const bare = of('bare')
      const usual = addedTo(bare, of('usual'))
      return stacks.flatMap((stack) => {
        const rounds = of(stack)
        return rounds.length === 0 ? [] : [rowOf(framework, stack, scenario, rounds, bare, usual)]
      })
    }),
  )
}

/** One verdict per framework that Bulwark was to protect. The worse of the two anonymous GETs decides. */
export function judge(rows: readonly Row[]): readonly Verdict[] {
  return frameworks
    .filter((framework) => rows.some((row) => row.framework === framework))
    .map((framework) => {
      const gets = rows.filter(
        (row) => row.framework === framework && row.stack === 'bulwark' && row.scenario !== 'post-json',
      )
      const shares = gets.flatMap(({ ofUsual }) => (ofUsual === undefined ? [] : [ofUsual]))
      if (gets.length === 0) return { framework, met: undefined, text: 'not judged: Bulwark was not measured' }
      if (shares.length < gets.length) return { framework, met: undefined, text: uncompared(gets) }
      const met = Math.max(...shares) <= GOAL
      const each = gets.map((row) => `${row.ofUsual?.toFixed(3)} (${short[row.scenario]})`).join(', ')
      return { framework, met, text: `${met ? 'met' : 'MISSED'}: adds ${each} of the usual; goal ${GOAL.toFixed(3)}` }
    })
}

/**
 * Whether the machine was left alone, without which no verdict counts. Bare servers do the same work in each round: where
 * they cost half as much again, the machine was doing something else.
 */
export function isQuiet(rows: readonly Row[], machine: Machine): boolean {
  const steady = rows.every(({ stack, cpu }) => stack !== 'bare' || cpu.max <= cpu.min * 1.5)
  return steady && machine.busyBefore <= machine.cores / 4
}

/** The report for people, 80 columns wide. */
export function toText(
  rows: readonly Row[],
  verdicts: readonly Verdict[],
  machine: Machine,
  settings: Settings,
): string {
  const tables = frameworks
    .filter((framework) => rows.some((row) => row.framework === framework))
    .map((framework) => tableOf(framework, rows))
  const conclusion = verdicts.map(({ framework, text }) => `${names[framework].padEnd(12)}${text}`).join('\n')
  return [
    introduction(machine, settings, isQuiet(rows, machine)),
    ...tables,
    `The goal\n${conclusion}`,
    footnotes,
  ].join('\n\n')
}

/** The report for programs: everything that was measured. */
export function toJson(
  rows: readonly Row[],
  verdicts: readonly Verdict[],
  machine: Machine,
  settings: Settings,
): string {
  const { json: _, ...how } = settings
  return `${JSON.stringify({ machine, quiet: isQuiet(rows, machine), settings: how, goal: GOAL, rows, verdicts }, undefined, 2)}\n`
}

const names: Readonly<Record<Framework, string>> = { express: 'Express 5', fastify: 'Fastify 5', node: 'node:http' }
const labels: Readonly<Record<Stack, string>> = { bare: 'bare', usual: 'usual', bulwark: 'Bulwark' }
const short: Readonly<Record<Scenario, string>> = { 'get-json': 'JSON', 'get-html': 'HTML', 'post-json': 'POST' }

const footnotes = `CPU: server process, user and system, us per request; 20th percentile of windows
of 150 ms; lower quartile over rounds (min-max). Added: more than bare. x usual:
share of what the usual stack adds. req/s and ms: medians, 8 connections.
The POST of the usual stack carries the session and CSRF token that it demands;
the GETs are anonymous. Every protected stack validates the POST body.`

function rowOf(
  framework: Framework,
  stack: Stack,
  scenario: Scenario,
  rounds: readonly Sample[],
  bare: readonly Sample[],
  usual: Spread | undefined,
): Row {
  const cpu = spread(rounds.map((one) => one.cpu))
  const added = stack === 'bare' ? undefined : addedTo(bare, rounds)
  return {
    framework,
    stack,
    scenario,
    cpu,
    requestsPerSecond: spread(rounds.map((one) => one.requestsPerSecond)),
    p50: spread(rounds.map((one) => one.p50)),
    p99: spread(rounds.map((one) => one.p99)),
    added,
    ofBare: bare.length === 0 ? undefined : ratio(cpu.low, spread(bare.map((one) => one.cpu)).low),
    ofUsual: ratio(added?.low, usual?.low),
  }
}

/** The difference of the lower quartiles, so that the columns add up; its range is that of the rounds, each compared with itself. */
function addedTo(bare: readonly Sample[], rounds: readonly Sample[]): Spread | undefined {
  if (bare.length === 0 || rounds.length === 0) return undefined
  const pairs = rounds.flatMap((one) => {
    const other = bare.find(({ round }) => round === one.round)
    return other ? [one.cpu - other.cpu] : []
  })
  if (pairs.length === 0) return undefined
  const low = spread(rounds.map((one) => one.cpu)).low - spread(bare.map((one) => one.cpu)).low
  return { ...spread(pairs), low }
}

function uncompared(gets: readonly Row[]): string {
  const each = gets.map((row) => `${row.added?.low.toFixed(1) ?? '?'} us (${short[row.scenario]})`)
  return `not judged (no usual stack); adds ${each.join(', ')}`
}

function introduction(machine: Machine, settings: Settings, quiet: boolean): string {
  const { pinned } = machine
  const cores = pinned ? `server on core ${pinned.server}, load on core ${pinned.load}` : 'not pinned'
  const busy = `${machine.busyBefore.toFixed(1)} before, ${machine.busyAfter.toFixed(1)} at the end`
  const lines = [
    `Bulwark beside what people use today: ${settings.rounds} ${settings.rounds === 1 ? 'round' : 'rounds'}, a fresh process each`,
    `Node ${machine.node} on ${machine.platform}, ${machine.cores} x ${machine.cpu}`,
    `${cores}; load average ${busy}`,
  ]
  if (!quiet) lines.push('The machine was busy with other things: these numbers and verdicts mean little.')
  return lines.join('\n')
}

function tableOf(framework: Framework, rows: readonly Row[]): string {
  const lines = [
    `${names[framework].padEnd(12)}${'CPU us'.padStart(8)} ${'min-max'.padEnd(14)}${'added'.padStart(7)}${'x bare'.padStart(8)}${'x usual'.padStart(9)}${'req/s'.padStart(8)}${'p50'.padStart(6)}${'p99 ms'.padStart(7)}`,
  ]
  for (const scenario of scenarios) {
    const some = rows.filter((row) => row.framework === framework && row.scenario === scenario)
    if (some.length > 0) lines.push(facts[scenario].title, ...some.map(lineOf))
  }
  return lines.join('\n')
}

function lineOf(row: Row): string {
  const { cpu } = row
  return [
    `  ${labels[row.stack]}`.padEnd(12),
    toMicroseconds(cpu.low).padStart(8),
    ` (${toMicroseconds(cpu.min)}-${toMicroseconds(cpu.max)})`.padEnd(15),
    (row.added === undefined ? '-' : toMicroseconds(row.added.low)).padStart(7),
    (row.ofBare === undefined ? '-' : row.ofBare.toFixed(2)).padStart(8),
    (row.ofUsual === undefined ? '-' : row.ofUsual.toFixed(3)).padStart(9),
    Math.round(row.requestsPerSecond.median).toLocaleString('en').padStart(8),
    row.p50.median.toFixed(2).padStart(6),
    row.p99.median.toFixed(2).padStart(7),
  ].join('')
}

/** Without decimals where they would neither fit nor matter. */
function toMicroseconds(value: number): string {
  return value.toFixed(Math.abs(value) < 1000 ? 1 : 0)
}
