import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageFolder } from './shared/folder.ts'

/** A program in a process of its own, as `npm start` starts the blog. */
export interface BlogProcess {
  readonly origin: string
  /** Ends it as a failing machine would: nothing is finished, nothing is said. */
  kill(): Promise<void>
}

type Environment = Readonly<Record<string, string>>

export function startProcess(env: Environment): Promise<BlogProcess> {
  return startProgram('main.ts', env)
}

/** Starts a file of this package that says where it is once it listens. */
export async function startProgram(file: string, env: Environment): Promise<BlogProcess> {
  const child = spawnProgram(file, env)
  return { origin: await originOf(child), kill: () => kill(child) }
}

/** What a file of this package wrote until it ended; an error when it failed. */
export async function runProgram(file: string, env: Environment): Promise<string> {
  const child = spawnProgram(file, env)
  let [out, problems] = ['', '']
  child.stdout?.on('data', (chunk) => (out += chunk))
  child.stderr?.on('data', (chunk) => (problems += chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${file} ended with ${code}.\n${problems}`)
  return out
}

export function spawnProgram(file: string, env: Environment): ChildProcess {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  return spawn(process.execPath, ['--import', loader, join(packageFolder, file)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function originOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      said = (said + chunk).slice(-5000)
      const origin = /^The [a-z ]+ is at (\S+)/m.exec(said)?.[1]
      if (origin) resolve(origin)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`The program ended (${signal ?? code}).\n${said}`)))
  })
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** One address for several processes: connections go round, past those that do not answer. */
export interface Balancer {
  readonly origin: string
  /** Where connections go, in turns. May be changed at any time. */
  targets: string[]
  close(): Promise<void>
}

export async function startBalancer(): Promise<Balancer> {
  let turn = 0
  const balancer = { origin: '', targets: [] as string[], close: () => end() }
  const server = createServer((client) => {
    client.on('error', () => client.destroy())
    const tryNext = (left: number): void => {
      const { hostname, port } = new URL(balancer.targets[turn++ % balancer.targets.length] ?? 'http://127.0.0.1:1')
      const backend = connect(Number(port), hostname, () => client.pipe(backend).pipe(client))
      backend.on('error', () => {
        // Nothing was sent yet where nobody has answered the call.
        if (backend.bytesWritten === 0 && left > 1) tryNext(left - 1)
        else client.destroy()
      })
      backend.on('close', () => client.destroy())
      client.on('close', () => backend.destroy())
    }
    tryNext(balancer.targets.length)
  })
  const end = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  balancer.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return balancer
}
