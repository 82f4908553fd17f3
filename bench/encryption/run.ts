import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { measure, rehearse, toText } from '../access/measure.ts'
import { UsageError } from '../arguments.ts'
import { tasks } from './contestants.ts'

export const encryptionUsage = `npm run bench -- --encryption [options]: values sealed and opened per second beside iron-webcrypto, libsodium and cookie-signature

  --quick            3 rounds of 100 ms (else 9 rounds of 300 ms, about half a minute)
  --json FILE        also write everything measured, as JSON
  --help
`

/** Throws `UsageError`. */
export async function runEncryption(argv: readonly string[]): Promise<void> {
  const options = parse(argv)
  if (options.help === true) {
    process.stdout.write(encryptionUsage)
    return
  }
  const contest = await tasks()
  await rehearse(contest)
  const results = options.quick === true ? await measure(contest, 3, 100) : await measure(contest, 9, 300)
  const machine = `Node.js ${process.versions.node}, ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}; medians, least and most of the rounds`
  process.stdout.write(`${toText(results, machine)}\n`)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ machine, results }, null, 2)}\n`)
}

function parse(argv: readonly string[]): { readonly quick?: boolean; readonly json?: string; readonly help?: boolean } {
  try {
    const known = {
      encryption: { type: 'boolean' },
      quick: { type: 'boolean' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    } as const
    return parseArgs({ args: [...argv], options: known }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
}
