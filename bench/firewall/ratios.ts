import { percentile, ratio } from '../numbers.ts'
import { type Errand, errands, type Kind, type Protection } from './apps.ts'
import type { Beside, Sample, Tried } from './beside.ts'

/** One errand of one app: CPU under each protection, in microseconds, and whether the sinks keep to their goal. */
export interface Row {
  readonly kind: Kind
  readonly errand: string
  readonly cpu: Readonly<Record<Protection, number>>
  /** The preload beside nothing at all, and the sinks beside the policy without them. */
  readonly sinks: readonly [preload: number, whole: number]
  /** Each as a multiple of the bare app. */
  readonly whole: number
  readonly aikido: number
  readonly goal: number
  readonly met: boolean
}

/** The lower quartile of the rounds: what other programs add to a round, no round takes away. */
export function rowsOf(samples: readonly Sample[]): readonly Row[] {
  const rows: Row[] = []
  for (const errand of errands) {
    for (const kind of errand.kinds) {
      const own = samples.filter((sample) => sample.kind === kind && sample.errand === errand.name)
      if (own.length > 0) rows.push(rowOf(kind, errand, own))
    }
  }
  return rows
}

function rowOf(kind: Kind, { name, goal }: Errand, samples: readonly Sample[]): Row {
  const low = (protection: Protection): number =>
    percentile(
      samples.filter((sample) => sample.protection === protection).map(({ cpu }) => cpu),
      0.25,
    )
  const cpu = {
    bare: low('bare'),
    preload: low('preload'),
    policy: low('policy'),
    whole: low('whole'),
    aikido: low('aikido'),
  }
  const times = (a: number, b: number): number => ratio(a, b) ?? Number.NaN
  const sinks = [times(cpu.preload, cpu.bare), times(cpu.whole, cpu.policy)] as const
  const met = sinks.every((one) => one <= goal)
  return {
    kind,
    errand: name,
    cpu,
    sinks,
    whole: times(cpu.whole, cpu.bare),
    aikido: times(cpu.aikido, cpu.bare),
    goal,
    met,
  }
}

/** The report for people, 80 columns wide. */
export function besideToText({ samples, tried }: Beside, aikido: string): string {
  const lines = rowsOf(samples).flatMap(({ kind, errand, cpu, sinks, whole, aikido: other, goal, met }) => [
    `${kind}: ${errand}`,
    `  bare ${us(cpu.bare)}   preload ${us(cpu.preload)} ${x(sinks[0])}   whole ${us(cpu.whole)} ${x(whole)}   aikido ${us(cpu.aikido)} ${x(other)}`,
    `  ${met ? 'met' : 'MISSED'}: sinks ${x(sinks[0])} by preload, ${x(sinks[1])} under the policy; goal ${x(goal)}`,
  ])
  return [
    'The same app bare, with Bulwark and with Aikido Zen: CPU of each request',
    ...lines,
    `Aikido: ${aikido}, AIKIDO_BLOCK=true, no token`,
    ...tried.filter(({ protection }) => protection === 'aikido').map(verdictOf),
  ].join('\n')
}

function verdictOf({ kind, status, stopped }: Tried): string {
  const what = kind === 'files' ? 'a path that leads outwards' : 'an injection'
  return `  ${kind}: it ${stopped ? 'stopped' : 'did NOT stop'} ${what} (${status})`
}

function us(microseconds: number): string {
  return `${microseconds.toFixed(0)} us`
}

function x(times: number): string {
  return `x${times.toFixed(2)}`
}
