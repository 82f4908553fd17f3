/** `npm run bench -- --overload`: three times as many requests as a process bears, and how many are answered in time. */
import { fork } from 'node:child_process'
import { pbkdf2Sync } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { off } from 'bulwark'
import { bulwark } from 'bulwark/express'
import express from 'express'
import toobusy from 'toobusy-js'
import { percentile } from './numbers.ts'

const stacks = ['bare', 'toobusy-js', 'bulwark'] as const
type Stack = (typeof stacks)[number]

/** What one request costs, in milliseconds of the machine as it is when the server starts. */
const WORK = 20
const TIMES = 3
const SECONDS = 8
/** The first seconds, in which whoever protects has to notice. */
const NOTICING = 3
/** Whoever waits longer has gone. */
const PATIENCE = 1000
/** The same for both that protect: how late is late. */
const DELAY = 500

const [order, stack] = process.argv.slice(2)
if (order === 'serve') serve(stack as Stack)
else await compare()

function serve(kind: Stack): void {
  const rounds = roundsFor(WORK)
  const app = express()
  if (kind === 'bulwark') {
    const reason = 'all load comes from one client here'
    app.use(
      bulwark({ rateLimit: off(reason), slowClients: off(reason), overload: { delay: DELAY }, onEvent: () => {} }),
    )
  } else if (kind === 'toobusy-js') {
    toobusy.maxLag(DELAY)
    app.use((_req, res, next) => {
      if (toobusy()) res.status(503).send('Too busy')
      else next()
    })
  }
  app.get('/', (_req, res) => {
    pbkdf2Sync('work', 'salt', rounds, 32, 'sha512')
    res.send('done')
  })
  const server = http.createServer(app).listen(0, '127.0.0.1', () => {
    process.send?.((server.address() as AddressInfo).port)
  })
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.((user + system) / 1e6)
  })
}

function roundsFor(ms: number): number {
  const TRY = 20_000
  pbkdf2Sync('work', 'salt', TRY, 32, 'sha512')
  const start = process.cpuUsage()
  pbkdf2Sync('work', 'salt', TRY, 32, 'sha512')
  const { user, system } = process.cpuUsage(start)
  return Math.round((TRY * ms * 1000) / (user + system))
}

async function compare(): Promise<void> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  print(`Node ${process.versions.node}, load average ${loadavg()[0]?.toFixed(1)}. Each request is ${WORK} ms of work.`)
  print(`${TIMES} times what the bare server bears; in time is within ${PATIENCE} ms; late is ${DELAY} ms for both.`)
  for (const kept of [false, true]) {
    print(kept ? '\nconnections are kept' : '\na new connection for each request')
    const bears = await withServer('bare', ({ port }) => capacity(port, kept))
    print(`  the bare server bears ${bears.toFixed(1)} a second`)
    for (const kind of stacks) {
      const { inTime, late, refused, p99, perCpu } = await withServer(kind, (server) =>
        flood(server, bears * TIMES, kept),
      )
      const part = Math.round((inTime / bears) * 100)
      print(
        `  ${kind.padEnd(11)}${inTime.toFixed(1).padStart(6)} a second in time (${part} %), ${perCpu.toFixed(1)} for each second of its processor; ${late.toFixed(1)} too late or never, ` +
          `${refused.toFixed(1)} refused; p99 of all answers that are no refusal ${Math.round(p99)} ms`,
      )
    }
  }
}

interface Server {
  readonly port: number
  /** Seconds of a processor that it has used. */
  used(): Promise<number>
}

async function withServer<T>(kind: Stack, run: (server: Server) => Promise<T>): Promise<T> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', kind], {
    env: { ...process.env, NODE_ENV: 'production' },
  })
  try {
    const [port] = (await once(child, 'message')) as [number]
    return await run({
      port,
      used: async () => {
        child.send('used')
        return ((await once(child, 'message')) as [number])[0]
      },
    })
  } finally {
    child.kill('SIGKILL')
  }
}

interface Answered {
  readonly status: number
  readonly at: number
  readonly ms: number
}

function ask(port: number, agent: http.Agent | false): Promise<Answered> {
  const start = performance.now()
  return new Promise((resolve) => {
    const end = (status: number): void => resolve({ status, at: start, ms: performance.now() - start })
    const request = http.get({ port, host: '127.0.0.1', agent, timeout: PATIENCE * 5 }, (res) => {
      res.resume().once('end', () => end(res.statusCode ?? 0))
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => end(0))
  })
}

function agentFor(kept: boolean): http.Agent | false {
  return kept && new http.Agent({ keepAlive: true, maxSockets: 500 })
}

/** What four clients get that ask again as soon as they are answered. */
async function capacity(port: number, kept: boolean): Promise<number> {
  const agent = agentFor(kept)
  const run = async (ms: number): Promise<number> => {
    let count = 0
    const end = performance.now() + ms
    const client = async (): Promise<void> => {
      for (; performance.now() < end; count++) await ask(port, agent)
    }
    await Promise.all([client(), client(), client(), client()])
    return count
  }
  await run(1000)
  return (await run(4000)) / 4
}

/** What clients get that come at a rate, whatever became of those before. */
async function flood(
  { port, used }: Server,
  rate: number,
  kept: boolean,
): Promise<Record<'inTime' | 'late' | 'refused' | 'p99' | 'perCpu', number>> {
  const agent = agentFor(kept)
  const start = performance.now()
  const all: Promise<Answered>[] = []
  let before: Promise<number> | undefined
  for (;;) {
    const passed = performance.now() - start
    if (passed > SECONDS * 1000) break
    if (passed > NOTICING * 1000) before ??= used()
    while (all.length < (passed / 1000) * rate) all.push(ask(port, agent))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const cpu = (await used()) - ((await before) ?? 0)
  const answers = (await Promise.all(all)).filter(({ at }) => at - start > NOTICING * 1000)
  const perSecond = (some: readonly unknown[]): number => some.length / (SECONDS - NOTICING)
  const refused = answers.filter(({ status }) => status === 503)
  const others = answers.filter(({ status }) => status !== 503)
  const inTime = others.filter(({ status, ms }) => status === 200 && ms <= PATIENCE)
  return {
    inTime: perSecond(inTime),
    perCpu: inTime.length / cpu,
    late: perSecond(others) - perSecond(inTime),
    refused: perSecond(refused),
    p99: percentile(
      others.map(({ ms }) => ms),
      0.99,
    ),
  }
}
