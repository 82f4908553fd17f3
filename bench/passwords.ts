/** `npm run bench -- --passwords`: what a flood of sign-ins does to everything else that a server does. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import * as native from '@node-rs/argon2'
import bcrypt from 'bcryptjs'
import { BulwarkError, hashPassword, verifyPassword } from 'bulwark'
import { percentile } from './numbers.ts'

interface Hasher {
  readonly title: string
  hash(password: string): Promise<string>
  verify(stored: string, password: string): Promise<boolean>
}

interface Measured {
  readonly plain: number
  readonly file: number
  readonly signIns: number
  readonly refused: number
}

const PASSWORD = 'my dog ate fourteen biscuits'
const SIGN_INS_AT_ONCE = 64
const IDLE_MS = 3000
const FLOOD_MS = 8000
/** Somebody who was refused tries again, though sooner than asked. */
const RETRY_MS = 250

const hashers: Readonly<Record<string, Hasher>> = {
  bulwark: {
    title: 'Bulwark (argon2id)',
    hash: (password) => hashPassword(password),
    verify: async (stored, password) => (await verifyPassword(stored, password)).ok,
  },
  argon2: {
    title: '@node-rs/argon2, called as it is',
    hash: (password) => native.hash(password),
    verify: (stored, password) => native.verify(stored, password),
  },
  bcryptjs: {
    title: 'bcryptjs at cost 10, called as it is',
    hash: (password) => bcrypt.hash(password, 10),
    verify: (stored, password) => bcrypt.compare(password, stored),
  },
}

const [order, name = ''] = process.argv.slice(2)
const serving = hashers[name]
if (order === 'serve' && serving !== undefined) await serve(serving)
else await compare()

/** The app: a plain route, one that reads a file (and so needs Node's thread pool), and the sign-in. */
async function serve(hasher: Hasher): Promise<void> {
  const stored = await hasher.hash(PASSWORD)
  const server = createServer(async (req, res) => {
    req.resume()
    if (req.url === '/plain') return void res.end('ok')
    if (req.url === '/file') return void res.end(await readFile(fileURLToPath(import.meta.url)))
    try {
      res.statusCode = (await hasher.verify(stored, PASSWORD)) ? 200 : 500
    } catch (error) {
      res.statusCode = error instanceof BulwarkError && error.code === 'BULWARK_HASHING_BUSY' ? 503 : 500
    }
    return void res.end()
  })
  process.on('disconnect', () => process.exit())
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
}

async function compare(): Promise<void> {
  const rows = [['', 'sign-ins/s', 'refused/s', 'plain p99', 'x idle', 'file p99', 'x idle']]
  for (const [key, { title }] of Object.entries(hashers)) {
    process.stderr.write(`${title}\n`)
    const child = fork(fileURLToPath(import.meta.url), ['serve', key], {
      env: { ...process.env, NODE_ENV: 'production' },
    })
    try {
      const [port] = (await once(child, 'message')) as [number]
      // The first seconds compile; they are measured and thrown away.
      await measure(port, IDLE_MS / 2, 4)
      const idle = await measure(port, IDLE_MS, 0)
      const flood = await measure(port, FLOOD_MS, SIGN_INS_AT_ONCE)
      const perSecond = (count: number): string => (count / (FLOOD_MS / 1000)).toFixed(0)
      rows.push([
        title,
        perSecond(flood.signIns),
        perSecond(flood.refused),
        `${flood.plain.toFixed(1)} ms`,
        (flood.plain / idle.plain).toFixed(1),
        `${flood.file.toFixed(1)} ms`,
        (flood.file / idle.file).toFixed(1),
      ])
    } finally {
      await stop(child)
    }
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  )
  process.stdout.write(
    `${lines.join('\n')}\n\n${SIGN_INS_AT_ONCE} sign-ins at once for ${FLOOD_MS / 1000} s; Node.js ${process.versions.node}, ` +
      `${cpus().length} cores, load ${loadavg()[0]!.toFixed(1)}\n`,
  )
}

async function measure(port: number, ms: number, signIns: number): Promise<Measured> {
  const agent = new Agent({ keepAlive: true })
  const until = performance.now() + ms
  const counts = { done: 0, refused: 0 }
  const ask = (path: string, method = 'GET'): Promise<number> =>
    new Promise((resolve, reject) => {
      const req = request({ agent, host: '127.0.0.1', port, path, method }, (res) => {
        res.resume()
        res.on('end', () => resolve(res.statusCode ?? 0))
      })
      req.on('error', reject)
      req.end()
    })
  const signIn = async (): Promise<void> => {
    while (performance.now() < until) {
      const status = await ask('/sign-in', 'POST')
      if (status === 503) {
        counts.refused++
        await pause(RETRY_MS)
      } else if (status === 200) counts.done++
      else throw new Error(`a sign-in was answered with ${status}`)
    }
  }
  const watch = async (path: string): Promise<number> => {
    const times: number[] = []
    do {
      const start = performance.now()
      if ((await ask(path)) !== 200) throw new Error(`${path} was not answered`)
      times.push(performance.now() - start)
      await pause(5)
    } while (performance.now() < until)
    return percentile(times, 0.99)
  }
  const flood = Promise.all(Array.from({ length: signIns }, signIn))
  const [plain, file] = await Promise.all([watch('/plain'), watch('/file')])
  await flood
  agent.destroy()
  return { plain, file, signIns: counts.done, refused: counts.refused }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function stop(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill()
  await exit
}
