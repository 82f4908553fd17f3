import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { UsageError } from '../arguments.ts'
import { measureHostile, toText } from './hostile.ts'
import { importToText, measureImport } from './preload.ts'

export const firewallUsage = `npm run bench -- --firewall [options]: what hostile bodies cost the sinks, and what the preload costs

  --quick            5 requests with each body (else 15)
  --only TEXT        only bodies whose name has this text
  --json FILE        also write everything measured, as JSON
  --help
`
const SHOWN = 25

/** Throws `UsageError`. */
export async function runFirewall(argv: readonly string[]): Promise<void> {
  const options = parse(argv)
  if (options.help === true) {
    process.stdout.write(firewallUsage)
    return
  }
  const loading = await measureImport(options.quick === true ? 15 : 25)
  const costs = await measureHostile(options.quick === true ? 5 : 15, options.only)
  const machine = `Node.js ${process.versions.node}, ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`
  process.stdout.write(`${toText(costs, SHOWN)}\n\n${importToText(loading)}\n${machine}\n`)
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ machine, loading, costs }, null, 2)}\n`)
}

interface Options {
  readonly quick?: boolean
  readonly only?: string
  readonly json?: string
  readonly help?: boolean
}

function parse(argv: readonly string[]): Options {
  try {
    const known = {
      firewall: { type: 'boolean' },
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
