import { parseArgs } from 'node:util'

export interface DemoArguments {
  /** End after the attacks instead of leaving the blog to try out. */
  readonly once: boolean
  /** Where to write the result for programs. */
  readonly json: string | undefined
  /** Probes, protections or risks; empty for all. */
  readonly only: readonly string[]
  readonly help: boolean
}

/** Wrong usage: the message goes to the person, and the program ends with 2. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseArguments(args: readonly string[]): DemoArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.json === '') throw new UsageError('--json needs the name of a file')
    const only = values.only.flatMap((list) => list.split(',')).map((name) => name.trim())
    if (only.includes('')) throw new UsageError('--only needs the name of a probe, a protection or a risk')
    return { once: values.once, json: values.json, only, help: values.help }
  } catch (error) {
    if (error instanceof UsageError) throw error
    // The first sentence says which option; the rest explains parseArgs itself.
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error))
  }
}

export const HELP = `The same blog twice, one protected by Bulwark, and every attack on both.

Usage
  npm run demo
  npm run demo -- [options]

Starts both blogs on free ports of this machine (127.0.0.1) over HTTPS, attacks
them at the same time, shows what happened, writes bulwark-demo.html with the
evidence, and leaves the protected blog for you to try out until Ctrl-C.

Options
  --once        end after the attacks
  --json FILE   write the result for programs too
  --only NAME   only these attacks: a probe (csrf/cross-site-form), a protection
                (csrf) or a risk; several with commas
  -h, --help    this text

Exit codes with --once
  0  nothing got through to the protected blog, every honest request passed, and
     at least 20 attacks broke the unsafe one (with --only: at least one)
  1  otherwise
  2  wrong usage
`
