import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** One route, and what it declares about who may call it. */
export interface LoadedRoute {
  readonly method: string
  readonly path: string
  readonly at: string | undefined
  readonly allow: string | undefined
  /** It declares something, if not who may call it. */
  readonly isDeclared: boolean
  readonly loadsObject: boolean
  /** The permission that a program needs to call it, where it is for programs. */
  readonly caller?: string | undefined
  /** The sender whose deliveries it takes, where it takes nothing else. */
  readonly webhook?: string | undefined
  /** The scopes that a token needs, with spaces between them, where it is for bearers of one. */
  readonly token?: string | undefined
}

export interface LoadedApp {
  readonly name: string
  readonly roles: readonly string[]
  /** By permission and role: `yes`, `no`, or the rules on which it depends. */
  readonly permissions: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The programs that may call this one, and what each of them may do. */
  readonly programs?: Readonly<Record<string, readonly string[]>>
  /** `undefined` where they cannot be known. */
  readonly routes: readonly LoadedRoute[] | undefined
  readonly failure?: string
}

export interface Loaded {
  readonly apps: readonly LoadedApp[]
  /** What the app threw while it was starting. */
  readonly failure?: string
  /** What it wrote, when it ended without a word to us. */
  readonly said?: string
}

export interface LoadOptions {
  readonly file: string
  readonly cwd: string
  /** Modules for `node --import`, such as `tsx`. */
  readonly imports: readonly string[]
  /** The export to call, for apps that are made by a function. */
  readonly call: string | undefined
  /** Milliseconds to wait for routes. @default 10000 */
  readonly patience?: number
  readonly child?: string
}

/** Longer than the child waits by itself: past this it hangs in code of the app. */
const GRACE = 10_000
const MOST_SAID = 4000

/** Imports the app in a process of its own and asks Bulwark in it for the routes. */
export function loadApp({ file, cwd, imports, call, patience = 10_000, child = CHILD }: LoadOptions): Promise<Loaded> {
  const execArgv = imports.flatMap((name) => ['--import', name])
  const running = fork(child, [file, call ?? '', String(patience)], {
    cwd,
    execArgv,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let said = ''
  for (const stream of [running.stdout, running.stderr]) {
    stream?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-MOST_SAID)))
  }
  return new Promise((resolve, reject) => {
    let loaded: Loaded | undefined
    const cut = setTimeout(() => running.kill('SIGKILL'), patience + GRACE)
    running.once('message', (message) => (loaded = message as Loaded))
    running.once('error', (error) => {
      clearTimeout(cut)
      reject(error)
    })
    running.once('close', () => {
      clearTimeout(cut)
      resolve(loaded ?? { apps: [], failure: 'the app ended its process, or never let go of it', said })
    })
  })
}

const CHILD: string = fileURLToPath(new URL('./child.js', import.meta.url))
