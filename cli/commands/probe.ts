import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { parseArguments, parseList, parseSeverity } from '../arguments.ts'
import { type Io, type ProbeOptions, type ProbeReport, UsageError } from '../io.ts'
import type { Command } from '../main.ts'
import { fileToRead, fileToWrite } from '../paths.ts'
import { toProbeJson } from '../reporters/json.ts'
import { toSarif } from '../reporters/sarif.ts'
import { toProbeText } from '../reporters/terminal.ts'
import { clean } from '../reporters/text.ts'

const CONFIG = 'bulwark.probe.json'

const HELP = `bulwark probe: attack a running app of yours and show what got through

Usage
  bulwark probe URL [options]

Sends real attacks to the app at URL, one kind after the other, and shows for
each one that worked how to repeat it and what to do about it. Only this
machine (127.0.0.1, ::1, localhost) is attacked without further ado. Use a
copy of the app with data that you can lose: some attacks write.

Options
  --only A,B           run these only: probes (csrf/cross-site-form),
                       protections (csrf) or risks
  --skip A,B           leave these out
  --quick              attacks that write nothing, and at most 15 seconds
  --config FILE        where the account, the routes and other settings are
                       (default: ${CONFIG} here, if there is one)
  --fail-on SEVERITY   exit with 1 when an attack of this severity or worse got
                       through: low, medium, high, critical (default: high)
  --i-own-this HOST    attack a host that is not this machine; repeat its name
                       as a promise that you may
  --ca FILE            the authority of the app's certificate, such as the one
                       that bulwark tls dev made: nothing else is believed
  --plain-port PORT    where the app is asked without encryption, to see what
                       is served there (default: 80 beside 443)
  --sarif FILE         also write what got through as SARIF, for the code
                       scanning of GitHub or GitLab
  --json               print one JSON document instead of text
  -h, --help           this text

To attack what is behind the sign-in, name an account in ${CONFIG}:
  { "account": { "signIn": { "path": "/sign-in", "type": "form",
      "fields": { "email": "ada@example.com", "password": "..." } } } }
With a second one under "other", best with more rights, the first account
tries to get at what is the second one's.

Exit codes
  0  nothing at or above --fail-on got through
  1  something did
  2  wrong usage, or a target that may not be attacked
  3  the target went down, or too little could be concluded
`

const OPTIONS = {
  json: { type: 'boolean' },
  sarif: { type: 'string' },
  quick: { type: 'boolean' },
  only: { type: 'string', list: true },
  skip: { type: 'string', list: true },
  config: { type: 'string' },
  'fail-on': { type: 'string' },
  'i-own-this': { type: 'string' },
  ca: { type: 'string' },
  'plain-port': { type: 'string' },
} as const

export const probeCommand: Command = {
  help: HELP,
  async run(args: readonly string[], io: Io): Promise<number> {
    const parsed = parseArguments(args, OPTIONS)
    const failOn = parseSeverity(parsed.text('fail-on'), '--fail-on')
    if (parsed.words.length > 1) throw new UsageError(`probe takes one address, not ${parsed.words.length}`)
    const file = configFile(parsed.text('config'), io.cwd)
    const only = parseList(parsed.text('only'))
    const skip = parseList(parsed.text('skip'))
    const ownThis = parsed.text('i-own-this')
    const ca = authorityIn(parsed.text('ca'), io.cwd)
    const plainPort = portIn(parsed.text('plain-port'))
    const sarif = fileToWrite(parsed.text('sarif'), io)
    const { probe, exitCodeOf, readConfig } = await io.prober()
    try {
      const config = file === undefined ? {} : await readConfig(file)
      const url = parsed.words[0] ?? config.url
      if (url === undefined) throw new UsageError('which app? Give its address, such as http://127.0.0.1:3000')
      const report = await probe({
        ...config,
        url,
        ...(only && { only }),
        ...(skip && { skip }),
        ...(ownThis !== undefined && { ownThis }),
        ...(ca !== undefined && { ca }),
        ...(plainPort !== undefined && { plainPort }),
        ...(parsed.flag('quick') && QUICK),
        ...(io.live && { onOutcome: progress(io) }),
        signal: io.interrupted(),
      })
      if (io.live) io.err('\r\u001b[K')
      if (sarif !== undefined) {
        // A run is told of where its settings are: no line of source is known to be at fault.
        const otherwise = file === undefined ? 'package.json' : relative(io.cwd, file)
        const author = { tool: 'bulwark probe', version: io.version, within: '', otherwise } as const
        writeFileSync(sarif, toSarif(report.findings, author))
      }
      io.out(parsed.flag('json') ? toProbeJson(report, io) : toProbeText(report, io))
      if (!parsed.flag('json')) for (const line of whyUndecided(report, exitCodeOf(report, failOn))) io.err(line)
      return exitCodeOf(report, failOn)
    } catch (error) {
      throw isRefusal(error) ? new UsageError(error.message, error.fix) : error
    }
  },
}

const QUICK: Pick<ProbeOptions, 'kinds' | 'budget'> = {
  kinds: ['passive', 'active'],
  budget: { requests: 150, ms: 15_000 },
}

function portIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port > 0 && port < 65_536) return port
  throw new UsageError(`--plain-port must be a port from 1 to 65535, not "${text}"`)
}

function configFile(named: string | undefined, cwd: string): string | undefined {
  if (named !== undefined) return fileToRead(named, { cwd })
  const file = resolve(cwd, CONFIG)
  return existsSync(file) ? file : undefined
}

function authorityIn(named: string | undefined, cwd: string): string | undefined {
  if (named === undefined) return undefined
  const text = readFileSync(fileToRead(named, { cwd }), 'utf8')
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new UsageError(`${named} holds no certificate`, 'Give the file authority.pem of bulwark tls dev.')
}

/** One line that is written over and over; a pipe never sees it. */
function progress(io: Io): NonNullable<ProbeOptions['onOutcome']> {
  let done = 0
  return (result) => {
    done++
    const line = `${done} done, last ${result.probe}: ${result.verdict}`
    io.err(`\r\u001b[K${clean(line).slice(0, io.width - 1)}`)
  }
}

/** An exit code of 3 is a surprise after a report without findings: it needs its reason beside it. */
function whyUndecided(report: ProbeReport, code: number): string[] {
  if (code !== 3) return []
  const { stopped, totals } = report
  return stopped
    ? [`bulwark: the run ended early, so this is no pass: ${clean(stopped.message)}\n`]
    : [`bulwark: ${totals.inconclusive} probes came to no conclusion, so this is no pass\n`]
}

/** The prober's own errors carry what to do; they mean wrong usage, not a crash. */
function isRefusal(error: unknown): error is Error & { readonly fix: string } {
  return error instanceof Error && error.name === 'ProberError' && 'fix' in error && typeof error.fix === 'string'
}
