import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Twin, TwinEvent } from '../demo/twins.ts'
import { packageFolder } from '../shared/folder.ts'

/** `plain` is the app as it is, `kept` the same files under a preload of Bulwark. */
export type Kind = 'plain' | 'kept'

export interface Desk extends Pick<Twin, 'origin' | 'events' | 'settled' | 'close'> {
  /** Its table of people, as an attacker would find out. */
  readonly people: string
  /** What it wrote to its screen and to standard error so far. */
  log(): string
}

export interface DeskOptions {
  /** What is set besides the environment of this process, such as `DATABASE_URL`. */
  readonly env?: Readonly<Record<string, string>>
  /** What the kept desk is started with: `baseline` puts the default policy around it as well. @default 'firewall' */
  readonly preload?: 'firewall' | 'baseline'
  /** The Node.js to run it with. @default this one */
  readonly node?: string
}

type Message = { readonly event: TwinEvent } | { readonly settled: number }

const folder = join(packageFolder, 'old')
const witness = pathToFileURL(join(folder, 'witness.js')).href
const deskFile = join(folder, 'desk/server.js')

/** Starts the old ticket desk in a process of its own. */
export async function startDesk(
  kind: Kind,
  { env = {}, preload = 'firewall', node = process.execPath }: DeskOptions = {},
): Promise<Desk> {
  const bulwark = kind === 'kept' ? ['--import', `bulwark/${preload}`] : []
  const prefix = `desk_${kind}_`
  const child = spawn(node, ['--no-warnings', ...bulwark, '--import', witness, deskFile], {
    // `--import` looks for packages from here, as from the folder of an app that has installed Bulwark.
    cwd: packageFolder,
    env: { ...process.env, TABLE_PREFIX: prefix, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-100_000)
    })
  }
  const gone = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => reject(new Error(`The desk has closed (${signal ?? code}). ${log}`)))
  })
  gone.catch(() => {})
  const events: TwinEvent[] = []
  const waiting = new Map<number, () => void>()
  child.on('message', (message: Message) => {
    if ('event' in message) events.push(message.event)
    else waiting.get(message.settled)?.()
  })
  const origin = await Promise.race([openedAt(child), gone])
  let questions = 0
  return {
    origin,
    events,
    people: `${prefix}people`,
    log: () => log,
    settled: async () => {
      if (!child.connected) return
      const question = ++questions
      const answered = new Promise<void>((resolve) => waiting.set(question, resolve))
      child.send({ settle: question })
      await Promise.race([answered, gone])
      waiting.delete(question)
    },
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await gone.catch(() => {})
    },
  }
}

function openedAt(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let said = ''
    child.stdout?.on('data', (text: string) => {
      said += text
      const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
      if (origin !== undefined) resolve(origin)
    })
  })
}
