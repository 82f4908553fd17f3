import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from '../numbers.ts'

/** At most this much more than a process without it. */
const GOAL_MS = 40
const GOAL_MB = 8

/** What `--import bulwark/firewall` adds to a process that does nothing else. */
export interface Loading {
  /** Milliseconds of CPU. */
  readonly ms: number
  readonly megabytes: number
  readonly runs: number
}

const start = promisify(execFile)
const HERE = fileURLToPath(new URL('.', import.meta.url))
/** A server loads `node:http` in any case. */
const PROGRAM =
  "import('node:http').then(() => { const { user, system } = process.cpuUsage(); console.log(JSON.stringify([(user + system) / 1000, process.memoryUsage().rss / 2 ** 20])) })"

/** Medians over whole processes, with it and without in turn. */
export async function measureImport(runs: number): Promise<Loading> {
  const bare: (readonly [number, number])[] = []
  const guarded: (readonly [number, number])[] = []
  for (let run = 0; run < runs; run++) {
    bare.push(await once([]))
    guarded.push(await once(['--import', 'bulwark/firewall']))
  }
  const difference = (part: 0 | 1): number =>
    median(guarded.map((each) => each[part])) - median(bare.map((each) => each[part]))
  return { ms: difference(0), megabytes: difference(1), runs }
}

async function once(options: readonly string[]): Promise<readonly [number, number]> {
  const { stdout } = await start(process.execPath, [...options, '-e', PROGRAM], { cwd: HERE })
  const [ms, megabytes] = JSON.parse(stdout) as readonly unknown[]
  if (typeof ms !== 'number' || typeof megabytes !== 'number') throw new Error(`a process answered ${stdout}`)
  return [ms, megabytes]
}

export function importToText({ ms, megabytes, runs }: Loading): string {
  const met = ms <= GOAL_MS && megabytes <= GOAL_MB
  return `${met ? 'met' : 'MISSED'}: the preload adds ${ms.toFixed(1)} ms of CPU and ${megabytes.toFixed(1)} MB to a process (medians of ${runs}); goal ${GOAL_MS} ms and ${GOAL_MB} MB`
}
