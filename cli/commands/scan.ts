import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { isAtLeast, parseArguments, parseSeverity } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'
import type { Command } from '../main.ts'
import { toScanJson } from '../reporters/json.ts'
import { toScanText } from '../reporters/terminal.ts'

const HELP = `bulwark scan: read source code for security mistakes

Usage
  bulwark scan [DIR] [options]

Reads every JavaScript and TypeScript file under DIR (default: the current
folder) that git does not ignore, follows data from requests to dangerous
calls, also across files, and lists the mistakes. Nothing is run, changed or
sent anywhere.

Options
  --fail-on SEVERITY  exit with 1 for findings of this severity or worse:
                      low, medium, high, critical (default: high)
  --json              print one JSON document instead of text
  -h, --help          this text

To accept one finding, say why, on the line before it:
  // bulwark-ignore RULE -- the reason

Exit codes
  0  nothing at or above --fail-on      2  wrong usage
  1  findings at or above --fail-on     3  no file could be read
`

export const scanCommand: Command = {
  help: HELP,
  async run(args: readonly string[], io: Io): Promise<number> {
    const parsed = parseArguments(args, { json: { type: 'boolean' }, 'fail-on': { type: 'string' } })
    const failOn = parseSeverity(parsed.text('fail-on'), '--fail-on')
    if (parsed.words.length > 1) throw new UsageError(`scan takes one folder, not ${parsed.words.length}`)
    const root = resolve(io.cwd, parsed.words[0] ?? '.')
    if (!existsSync(root)) throw new UsageError(`there is no folder ${parsed.words[0]}`)
    if (!statSync(root).isDirectory()) throw new UsageError(`${parsed.words[0]} is a file; scan takes a folder`)

    const { scan } = await io.scanner()
    const result = await scan({ root })
    io.out(parsed.flag('json') ? toScanJson(result, io) : toScanText(result, io))
    if (result.files === 0) {
      io.err(
        `bulwark: no JavaScript or TypeScript ${result.unparsed.length > 0 ? 'could be read' : 'was found'} in ${root}\n`,
      )
      return 3
    }
    return result.findings.some(({ severity }) => isAtLeast(severity, failOn)) ? 1 : 0
  },
}
