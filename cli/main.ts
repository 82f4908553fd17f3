import { auditCommand } from './commands/audit.ts'
import { dbCommand } from './commands/db.ts'
import { explainCommand } from './commands/explain.ts'
import { keysCommand } from './commands/keys.ts'
import { probeCommand } from './commands/probe.ts'
import { routesCommand } from './commands/routes.ts'
import { scanCommand } from './commands/scan.ts'
import { secretsCommand } from './commands/secrets.ts'
import { tlsCommand } from './commands/tls.ts'
import { type Io, UsageError } from './io.ts'
import { wrap } from './reporters/text.ts'
import { suggest } from './suggest.ts'

/** One command: its help, and what it does. `run` answers the exit code. */
export interface Command {
  readonly help: string
  run(args: readonly string[], io: Io): Promise<number>
}

const commands: ReadonlyMap<string, Command> = new Map([
  ['scan', scanCommand],
  ['probe', probeCommand],
  ['routes', routesCommand],
  ['keys', keysCommand],
  ['secrets', secretsCommand],
  ['tls', tlsCommand],
  ['db', dbCommand],
  ['audit', auditCommand],
  ['explain', explainCommand],
])

const HELP = `bulwark: security for Node.js web apps, from source code to the running app

Usage
  bulwark COMMAND [options]

Commands
  scan [DIR]      read source code for security mistakes
  probe URL       attack a running app of yours and show what got through
  routes APP      show who may call which route, and compare with a snapshot
  keys DO         make, list, rotate and revoke the keys of an app
  secrets DO      keep secrets in a sealed file beside the source
  tls DO          keys and certificates, HTTPS in development, and a check
  db check [URL]  show what the database account of an app may do and need not
  audit DO        read the audit trail of an app, and tell whether it is whole
  explain [WHAT]  explain an error code, a risk, a probe, a rule or a protection

Options
  -h, --help      this text; after a command, that command's options
  -v, --version   the version of this command

Exit codes
  0  nothing found        2  wrong usage, or a target that may not be attacked
  1  something found      3  could not run to the end

Start here
  bulwark scan                           in the folder of your app
  bulwark probe http://127.0.0.1:3000    while your app is running
`

/**
 * Runs one command line and answers the exit code: 0 nothing found, 1 findings at or above `--fail-on`,
 * 2 wrong usage or a refused target, 3 could not run to the end.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args
  if (name === '--version' || name === '-v') {
    io.out(`${io.version}\n`)
    return 0
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const asked = name === 'help' ? commands.get(rest[0] ?? '') : undefined
    io.out(asked ? asked.help : HELP)
    return name === undefined ? 2 : 0
  }
  const command = commands.get(name)
  if (!command) {
    const near = suggest(name, commands.keys(), 1)[0]
    const hint = near ? `did you mean "bulwark ${near}"?` : 'see bulwark --help'
    return complain(new UsageError(`unknown command "${name}"`, hint), io)
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    io.out(command.help)
    return 0
  }
  try {
    return await command.run(rest, io)
  } catch (error) {
    return complain(error, io, name)
  }
}

function complain(error: unknown, io: Io, name?: string): number {
  if (error instanceof UsageError) {
    const hint = error.hint ?? (name ? `see bulwark ${name} --help` : undefined)
    io.err(`${fitted(`bulwark: ${error.message}`, io)}\n${hint ? `${fitted(hint, io, 2)}\n` : ''}`)
    return 2
  }
  // A crash must never look like a clean result.
  io.err(
    `bulwark: ${name} could not run to the end\n${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
  )
  return 3
}

/** Breaks only what does not fit: commands in it can be copied. */
function fitted(text: string, { width }: Io, indent = 0): string {
  const before = ' '.repeat(indent)
  return text
    .split('\n')
    .flatMap((line) => (line.length + indent > width ? wrap(line, width - indent - 2) : [line]))
    .map((line, i) => `${before}${i > 0 && indent === 0 && !line.startsWith(' ') ? '  ' : ''}${line}`)
    .join('\n')
}
