import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { SecurityEvent } from 'bulwark'
import { believe } from '../wire.ts'

/** What a guard did, as far as it can leave the process. */
export type TwinEvent = Pick<SecurityEvent, 'at' | 'guard' | 'risk' | 'reason' | 'outcome' | 'fix' | 'request'>

export type FromTwin =
  | Address
  | { readonly event: TwinEvent }
  /** Everything that happened before the question was told. */
  | { readonly settled: number }

/** Where a blog is, and whose word its certificate is to be believed on. */
export interface Address {
  /** Such as `https://127.0.0.1:3000`. */
  readonly origin: string
  /** The port of the same host that is asked without encryption. */
  readonly plainPort?: number
  /** PEM; the unsafe one has nobody that vouches for it. */
  readonly authority?: string
  /** Whether the authority is there for longer than this run. */
  readonly isKept?: boolean
}

export interface ToTwin {
  readonly settle: number
}

export interface Twin extends Address {
  /** What its guards did so far; stays empty for the unsafe one. */
  readonly events: readonly TwinEvent[]
  /** Waits until every event of answers that have arrived is in `events`. */
  settled(): Promise<void>
  /** The reason, should the process end by itself. */
  readonly died: Promise<string>
  close(): Promise<void>
}

const isSource = import.meta.url.endsWith('.ts')

/** Starts one of the blogs in a process of its own. */
export async function startTwin(kind: 'unsafe' | 'protected'): Promise<Twin> {
  const child = fork(new URL(isSource ? './twin.ts' : './twin.js', import.meta.url), [kind], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // The twin shows what Express shows on its author's own machine, wherever the demo runs.
    env: kind === 'unsafe' ? { ...process.env, NODE_ENV: 'development' } : process.env,
    ...(isSource && { execArgv: ['--import', typescriptLoader()] }),
  })
  const events: TwinEvent[] = []
  const waiting = new Map<number, () => void>()
  let questions = 0
  let closing = false
  const died = reasonOfDeath(child, kind)
  const address = new Promise<Address>((resolve) => {
    child.on('message', (message: FromTwin) => {
      if ('origin' in message) resolve(message)
      else if ('event' in message) events.push(message.event)
      else waiting.get(message.settled)?.()
    })
  })
  const first = await Promise.race([address, died.then((reason) => Promise.reject(new Error(reason)))])
  believe(first.origin, first.authority)
  return {
    ...first,
    events,
    died: died.then((reason) => (closing ? new Promise<string>(() => {}) : reason)),
    settled: async () => {
      if (!child.connected) return
      const question = ++questions
      const answered = new Promise<void>((resolve) => waiting.set(question, resolve))
      child.send({ settle: question } satisfies ToTwin)
      await Promise.race([answered, died])
      waiting.delete(question)
    },
    close: async () => {
      closing = true
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
    },
  }
}

/** Only tests run the sources; what they load them with is found from here, wherever the demo was started. */
function typescriptLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
}

function reasonOfDeath(child: ChildProcess, kind: string): Promise<string> {
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000)
  })
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`The ${kind} blog could not be started: ${error.message}`))
    child.once('close', (code, signal) => resolve(`The ${kind} blog ended (${signal ?? code}). ${words.trim()}`.trim()))
  })
}
