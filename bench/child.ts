import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The cores that the server and the load generator keep to; `undefined` where the machine offers no two. */
export interface Pins {
  readonly server: number | undefined
  readonly load: number | undefined
}

/** How a program is started, besides what it is given. */
export interface Surroundings {
  /** Options of Node.js itself. */
  readonly options?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

type ProgramName = 'server' | 'load' | 'firewall/app'

const MOST_OUTPUT = 4000

/** A program of the benchmark in a process of its own, and what it reports, in order. */
export class Child<News> {
  readonly #process: ChildProcess
  readonly #news: News[] = []
  #waiting: { resolve(news: News): void; reject(error: Error): void } | undefined
  #ended: Error | undefined
  /** The beginning of what it wrote to its standard output and error. */
  said = ''

  constructor(program: ProgramName, given: readonly string[], core: number | undefined, around: Surroundings = {}) {
    const command = [process.execPath, ...(around.options ?? []), ...programOf(program), ...given]
    if (core !== undefined) command.unshift('taskset', '-c', String(core))
    this.#process = spawn(command[0] ?? '', command.slice(1), {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      // As it is run: frameworks cache more and say less in production.
      env: { ...process.env, NODE_ENV: 'production', ...around.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        if (this.said.length < MOST_OUTPUT) this.said += text.slice(0, MOST_OUTPUT - this.said.length)
      })
    this.#process.on('message', (news) => {
      if (this.#waiting) this.#waiting.resolve(news as News)
      else this.#news.push(news as News)
      this.#waiting = undefined
    })
    this.#process.on('error', (error) => this.#end(error))
    this.#process.on('exit', (code, signal) =>
      this.#end(new Error(`the ${program} ended (${signal ?? `exit code ${code}`})`)),
    )
  }

  send(order: object | string): void {
    if (this.#ended) throw this.#ended
    this.#process.send(order)
  }

  /** The next report, or the reason why none will come. */
  next(): Promise<News> {
    const news = this.#news.shift()
    if (news !== undefined) return Promise.resolve(news)
    if (this.#ended) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  async stop(): Promise<void> {
    if (this.#ended) return
    const exit = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exit
  }

  #end(error: Error): void {
    this.#ended ??= error
    this.#waiting?.reject(this.#ended)
    this.#waiting = undefined
  }
}

/** Two different cores of those that this process may use, where `taskset` can hold processes to them. */
export function choosePins(): Pins {
  const [server, load] = allowedCores()
  const both = server !== undefined && load !== undefined
  const held = both && spawnSync('taskset', ['-c', `${server},${load}`, process.execPath, '-e', '']).status === 0
  return held ? { server, load } : { server: undefined, load: undefined }
}

/** Reads a list such as `0-3,8`. */
export function parseCores(list: string): readonly number[] {
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, n) => Number(first) + n),
  )
}

function allowedCores(): readonly number[] {
  if (process.platform !== 'linux') return []
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return list === undefined ? [] : parseCores(list)
}

/** From source, as the tests run it, the child needs the same loader of TypeScript. */
function programOf(name: string): readonly string[] {
  return import.meta.url.endsWith('.ts')
    ? ['--import', 'tsx', fileURLToPath(new URL(`./${name}.ts`, import.meta.url))]
    : [fileURLToPath(new URL(`./${name}.js`, import.meta.url))]
}
