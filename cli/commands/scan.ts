import { existsSync, statSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { isAtLeast, parseArguments, parseSeverity } from '../arguments.ts'
import { sinceBaseline, writeBaseline } from '../baseline.ts'
import { type Io, UsageError } from '../io.ts'
import type { Command } from '../main.ts'
import { fileToRead, fileToWrite } from '../paths.ts'
import { toScanJson } from '../reporters/json.ts'
import { toSarif } from '../reporters/sarif.ts'
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
  --baseline FILE     tell only of what is not in FILE, and exit accordingly
  --write-baseline FILE  write what is found into FILE, and exit with 0: an old
                      app begins here, and gets no worse
  --sarif FILE        also write the findings as SARIF, for the code scanning
                      of GitHub or GitLab, and for editors
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
    const parsed = parseArguments(args, {
      json: { type: 'boolean' },
      'fail-on': { type: 'string' },
      baseline: { type: 'string' },
      'write-baseline': { type: 'string' },
      sarif: { type: 'string' },
    })
    const failOn = parseSeverity(parsed.text('fail-on'), '--fail-on')
    if (parsed.words.length > 1) throw new UsageError(`scan takes one folder, not ${parsed.words.length}`)
    const root = resolve(io.cwd, parsed.words[0] ?? '.')
    // A variable that is empty would otherwise mean the whole of wherever one is.
    if (parsed.words[0] === '' || !existsSync(root))
      throw new UsageError(`there is no folder ${parsed.words[0] || '""'}`)
    if (!statSync(root).isDirectory()) throw new UsageError(`${parsed.words[0]} is a file; scan takes a folder`)

    const [baseline, written, sarif] = ['baseline', 'write-baseline', 'sarif'].map((name) => parsed.text(name))
    if (baseline !== undefined && written !== undefined)
      throw new UsageError('--baseline compares with a file, and --write-baseline makes it: one at a time')
    if (baseline !== undefined) fileToRead(baseline, io, 'make it with --write-baseline')
    const [writtenFile, sarifFile] = [fileToWrite(written, io), fileToWrite(sarif, io)]
    const { scan } = await io.scanner()
    const all = await scan({ root })
    if (writtenFile !== undefined && all.files > 0) {
      writeBaseline(writtenFile, all)
      const many = all.findings.length
      io.err(`bulwark: ${many === 1 ? 'one finding is' : `${many} findings are`} in ${written} from now on\n`)
    }
    const since = baseline === undefined ? undefined : sinceBaseline(resolve(io.cwd, baseline), baseline, all)
    const result = since === undefined ? all : { ...all, findings: since.fresh }
    if (since !== undefined)
      io.err(`bulwark: ${since.known} known from ${baseline}; ${since.gone} in it are no longer found\n`)
    if (sarifFile !== undefined) {
      const within = relative(io.cwd, root)
      const author = { tool: 'bulwark scan', version: io.version, within, otherwise: 'package.json' } as const
      writeFileSync(sarifFile, toSarif(result.findings, author))
    }
    io.out(parsed.flag('json') ? toScanJson(result, io) : toScanText(result, io))
    if (result.files === 0) {
      io.err(
        `bulwark: no JavaScript or TypeScript ${result.unparsed.length > 0 ? 'could be read' : 'was found'} in ${root}\n`,
      )
      return 3
    }
    if (written !== undefined) return 0
    return result.findings.some(({ severity }) => isAtLeast(severity, failOn)) ? 1 : 0
  },
}
