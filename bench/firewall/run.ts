import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { UsageError } from '../arguments.ts'
import { choosePins } from '../child.ts'
import { kinds } from './apps.ts'
import { measureBeside, type Pace } from './beside.ts'
import { sqliteName } from './database.ts'
import { measureHostile, toText } from './hostile.ts'
import { findPostgres } from './postgres.ts'
import { importToText, measureImport } from './preload.ts'
import { besideToText, rowsOf } from './ratios.ts'

export const firewallUsage: string = `npm run bench -- --firewall [options]: what hostile bodies cost the sinks, and what the preload costs

  --beside           instead: an app with PostgreSQL, SQLite and files, bare, with Bulwark, and with Aikido Zen
  --quick            5 requests with each body (else 15); with --beside 3 short rounds (else 6)
  --only TEXT        only bodies whose name has this text; with --beside one of ${kinds.join(', ')}
  --json FILE        also write everything measured, as JSON
  --help
`
const SHOWN = 25

/** Throws `UsageError`. */
export async function runFirewall(argv: readonly string[]): Promise<void> {
  const options = parse(argv)
  if (options.help === true) process.stdout.write(firewallUsage)
  else if (options.beside === true) await runBeside(options)
  else await runHostile(options)
}

async function runHostile(options: Options): Promise<void> {
  const loading = await measureImport(options.quick === true ? 15 : 25)
  const costs = await measureHostile(options.quick === true ? 5 : 15, options.only)
  const machine = machineNow()
  process.stdout.write(`${toText(costs, SHOWN)}\n\n${importToText(loading)}\n${machine}\n`)
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ machine, loading, costs }, null, 2)}\n`)
}

async function runBeside(options: Options): Promise<void> {
  const quick = options.quick === true
  const pace: Pace = {
    rounds: quick ? 3 : 6,
    coldSeconds: quick ? 1.2 : 2.5,
    warmSeconds: quick ? 0.5 : 1,
    seconds: quick ? 1 : 2.5,
  }
  const wanted = kinds.filter((kind) => options.only === undefined || options.only.split(',').includes(kind))
  if (wanted.length === 0) throw new UsageError(`--only knows ${kinds.join(', ')}, not '${options.only}'`)
  const postgres = wanted.includes('pg') ? await findPostgres() : undefined
  try {
    const url = postgres?.url
    const beside = await measureBeside(
      wanted.filter((kind) => kind !== 'pg' || url !== undefined),
      url === undefined ? {} : { BULWARK_TEST_PG_URL: url },
      pace,
      choosePins(),
      (line) => process.stderr.write(`${line}\n`),
    )
    const aikido = versionOf('@aikidosec/firewall')
    const skipped = postgres?.missing === undefined ? '' : `skipped pg: ${postgres.missing}\n`
    const machine = machineNow()
    process.stdout.write(`${besideToText(beside, aikido)}\n${skipped}SQLite: ${sqliteName()}\n${machine}\n`)
    if (options.json !== undefined) {
      const rows = rowsOf(beside.samples)
      writeFileSync(options.json, `${JSON.stringify({ machine, aikido, rows, ...beside }, null, 2)}\n`)
    }
  } finally {
    await postgres?.stop()
  }
}

function versionOf(name: string): string {
  const main = createRequire(import.meta.url).resolve(name)
  const { version } = JSON.parse(readFileSync(join(dirname(main), 'package.json'), 'utf8')) as {
    readonly version: string
  }
  return `${name} ${version}`
}

function machineNow(): string {
  return `Node.js ${process.versions.node}, ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`
}

interface Options {
  readonly beside?: boolean
  readonly quick?: boolean
  readonly only?: string
  readonly json?: string
  readonly help?: boolean
}

function parse(argv: readonly string[]): Options {
  try {
    const known = {
      firewall: { type: 'boolean' },
      beside: { type: 'boolean' },
      quick: { type: 'boolean' },
      only: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    } as const
    return parseArgs({ args: [...argv], options: known }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
}
