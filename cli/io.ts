import type { ProbeOptions, ProbeReport } from '@bulwark/prober'
import type { ScanOptions, ScanResult } from '@bulwark/scanner'
import { editText, readInput } from './person.ts'
import { type Loaded, type LoadOptions, loadApp } from './routes/load.ts'

export { UsageError } from './usage.ts'

/** Everything a command touches outside of itself, so that a test can hand in its own. */
export interface Io {
  readonly version: string
  readonly cwd: string
  /** Columns to fill. */
  readonly width: number
  readonly colour: boolean
  /** A person is watching: progress is welcome on `err`. */
  readonly live: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  out(text: string): void
  err(text: string): void
  /** Aborts when the person presses Ctrl-C. Ask once, when there is something to abort. */
  interrupted(): AbortSignal
  /** What is piped into the command. */
  input(): Promise<string>
  /** Lets the person change a text in their editor, and answers it as they left it. */
  edit(text: string): Promise<string>
  /** Loaded when a command needs it: `explain` must not wait for a parser. */
  scanner(): Promise<{ scan(options: ScanOptions): Promise<ScanResult> }>
  prober(): Promise<Prober>
  /** Imports an app in a process of its own and learns its routes. */
  routes(options: LoadOptions): Promise<Loaded>
}

/** What the commands use of `@bulwark/prober`. */
export type Prober = Pick<typeof import('@bulwark/prober'), 'probe' | 'exitCodeOf' | 'readConfig' | 'probes'>
export type { ProbeOptions, ProbeReport, ScanOptions, ScanResult }

/** The real terminal, or the pipe that stands in for it. */
export function processIo(version: string): Io {
  const { stdout, stderr, env } = process
  // `bulwark explain | head` closes the pipe early, and that is not a failure.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  return {
    version,
    cwd: process.cwd(),
    width: stdout.isTTY ? Math.min(Math.max(stdout.columns || 80, 60), 100) : 80,
    colour: stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    live: stderr.isTTY === true && !env['CI'] && env['TERM'] !== 'dumb',
    env,
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    interrupted() {
      const controller = new AbortController()
      // Once: a second Ctrl-C ends the process the usual way.
      process.once('SIGINT', () => controller.abort())
      return controller.signal
    },
    input: readInput,
    edit: (text) => editText(text, env),
    scanner: () => import('@bulwark/scanner'),
    prober: () => import('@bulwark/prober'),
    routes: loadApp,
  }
}
