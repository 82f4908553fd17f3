import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { type Program, parseArguments, programIn, type Settings, UsageError, usage } from './arguments.ts'
import { choosePins, type Pins } from './child.ts'
import { describe } from './messages.ts'
import { judge, type Machine, summarise, toJson, toText } from './report.ts'
import { measure, rehearse } from './rounds.ts'

/** Packages that only one comparison needs are loaded for it alone. */
const own: Readonly<Record<Program, (argv: readonly string[]) => Promise<unknown>>> = {
  access: async (argv) => (await import('./access/run.ts')).runAccess(argv),
  encryption: async (argv) => (await import('./encryption/run.ts')).runEncryption(argv),
  firewall: async (argv) => (await import('./firewall/run.ts')).runFirewall(argv),
  overload: () => import('./overload.ts'),
  passwords: () => import('./passwords.ts'),
  sessions: () => import('./sessions.ts'),
}

try {
  const argv = process.argv.slice(2)
  const program = programIn(argv)
  if (program !== undefined) await own[program](argv)
  else {
    const settings = parseArguments(argv)
    if (settings === undefined) process.stdout.write(usage)
    else await run(settings)
  }
} catch (error) {
  const typed = error instanceof UsageError
  process.stderr.write(typed ? `${error.message}\n\n${usage}` : `bench: ${describe(error)}\n`)
  process.exitCode = typed ? 2 : 1
}

async function run(settings: Settings): Promise<void> {
  const pins = choosePins()
  const [busyBefore = 0] = loadavg()
  note('checking that every server answers and protects')
  await rehearse(settings)
  const samples = await measure(settings, pins, note)
  const machine = describeMachine(pins, busyBefore)
  const rows = summarise(samples)
  const verdicts = judge(rows)
  process.stdout.write(`${toText(rows, verdicts, machine, settings)}\n`)
  if (settings.json !== undefined) writeFileSync(settings.json, toJson(rows, verdicts, machine, settings))
}

/** Progress goes to standard error, so that the report alone can be kept. */
function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

function describeMachine({ server, load }: Pins, busyBefore: number): Machine {
  const cores = cpus()
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpu: cores[0]?.model.trim() ?? 'unknown CPU',
    cores: cores.length,
    pinned: server === undefined || load === undefined ? undefined : { server, load },
    busyBefore,
    busyAfter: loadavg()[0] ?? 0,
  }
}
