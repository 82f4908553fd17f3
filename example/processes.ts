import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageFolder } from './shared/folder.ts'

/** A blog in a process of its own, as `npm start` starts it. */
export interface BlogProcess {
  readonly origin: string
  /** Ends it as a failing machine would: nothing is finished, nothing is said. */
  kill(): Promise<void>
}

export async function startProcess(env: Readonly<Record<string, string>>): Promise<BlogProcess> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const child = spawn(process.execPath, ['--import', loader, join(packageFolder, 'main.ts')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { origin: await originOf(child), kill: () => kill(child) }
}

function originOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      said = (said + chunk).slice(-5000)
      const origin = /The blog is at (\S+)/.exec(said)?.[1]
      if (origin) resolve(origin)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`The blog ended (${signal ?? code}).\n${said}`)))
  })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** A port that was free a moment ago, for servers that have to know their address before they listen. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
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
