/**
 * `npm run bench:detection -- --cases FILE [--json OUT]`: how many of the statements in a file are stopped, over HTTP, as an app meets them.
 *
 * Each line of the file is one case: `{ dialect, template, sql, input, expected: 'injection' | 'safe', executes }`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { BlockedError, type Dialect, guardDatabase, off } from 'bulwark'
import { secure } from 'bulwark/node'

interface Case {
  readonly dialect: Dialect
  readonly template: string
  readonly sql: string
  readonly input: string
  readonly expected: 'injection' | 'safe'
  readonly executes: boolean
}

interface Score {
  /** Injections that the database would have run. */
  readonly executing: number
  readonly executingStopped: number
  /** Injections that the database would have refused. */
  readonly failing: number
  readonly failingStopped: number
  readonly safe: number
  readonly safeStopped: number
  readonly missed: readonly string[]
  readonly stoppedFalsely: readonly string[]
}

/** A database that does nothing: only what stands in front of it is measured. */
const databases = Object.fromEntries(
  (['postgres', 'mysql', 'sqlite', 'tsql'] as const).map((dialect) => [
    dialect,
    guardDatabase({ run: (_sql: string) => {} }, { dialect, methods: ['run'] }),
  ]),
)

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { cases: { type: 'string' }, json: { type: 'string' } } })
  if (values.cases === undefined) {
    console.error('usage: npm run bench:detection -- --cases FILE [--json OUT]')
    return 2
  }
  const cases = readFileSync(values.cases, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Case)
  const app = await serve(cases)
  try {
    const cold = await judgeAll(app.port, cases)
    for (let round = 0; round < 3; round++) await warmUp(app, cases)
    const warm = await judgeAll(app.port, cases)
    print('cold', cold)
    print('warm', warm)
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ cold, warm }, null, 2)}\n`)
  } finally {
    app.close()
  }
  return 0
}

interface App {
  readonly port: number
  /** Statements that are not in the file, by their place behind its end. */
  readonly extra: { dialect: Dialect; sql: string }[]
  close(): void
}

/** Runs the statement that a header names; whatever the body says is what the client sent. */
async function serve(cases: readonly Case[]): Promise<App> {
  const extra: { dialect: Dialect; sql: string }[] = []
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    req.resume().on('end', () => {
      const i = Number(req.headers['x-case'])
      const { dialect, sql } = cases[i] ?? (extra[i - cases.length] as { dialect: Dialect; sql: string })
      try {
        databases[dialect]?.run(sql)
        res.statusCode = 204
      } catch (error) {
        if (!(error instanceof BlockedError)) throw error
        res.statusCode = error.status
      }
      res.end()
    })
  }
  const why = 'only the sink is measured'
  const server = secure(http.createServer(answer), { rateLimit: off(why), bodyLimits: off(why), onEvent: () => {} })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    extra,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** What an app knows after a while: its statements with ordinary values. */
async function warmUp(app: App, cases: readonly Case[]): Promise<void> {
  const templates = new Map(cases.map((one) => [`${one.dialect} ${one.template}`, one]))
  for (const { dialect, template } of templates.values()) {
    const value = String(Math.floor(Math.random() * 1e9))
    app.extra.push({ dialect, sql: template.replace('§', () => value) })
    await ask(app.port, cases.length + app.extra.length - 1, value)
  }
}

async function judgeAll(port: number, cases: readonly Case[]): Promise<Score> {
  const score = { executing: 0, executingStopped: 0, failing: 0, failingStopped: 0, safe: 0, safeStopped: 0 }
  const missed: string[] = []
  const stoppedFalsely: string[] = []
  for (const [i, one] of cases.entries()) {
    const stopped = (await ask(port, i, one.input)) === 403
    const kind = one.expected === 'safe' ? 'safe' : one.executes ? 'executing' : 'failing'
    score[kind]++
    if (stopped) score[`${kind}Stopped`]++
    if (kind === 'executing' && !stopped) missed.push(`${one.dialect}: ${one.sql}`)
    if (kind === 'safe' && stopped) stoppedFalsely.push(`${one.dialect}: ${one.sql}`)
  }
  return { ...score, missed, stoppedFalsely }
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

function ask(port: number, i: number, input: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ input })
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-case': String(i),
    }
    const request = http.request({ host: '127.0.0.1', port, method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    request.once('error', reject)
    request.end(body)
  })
}

function print(name: string, score: Score): void {
  const part = (of: number, all: number): string =>
    `${of} of ${all} (${all === 0 ? '-' : ((100 * of) / all).toFixed(2)} %)`
  console.log(`${name}: ${part(score.executingStopped, score.executing)} of the injections that run are stopped`)
  console.log(`${name}: ${part(score.failingStopped, score.failing)} of the injections that fail are stopped`)
  console.log(`${name}: ${part(score.safeStopped, score.safe)} of the safe statements are stopped`)
  for (const line of score.missed.slice(0, 10)) console.log(`  missed  ${line}`)
  for (const line of score.stoppedFalsely.slice(0, 10)) console.log(`  falsely ${line}`)
}

process.exitCode = await main()
