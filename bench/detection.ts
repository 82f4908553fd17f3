/** How many of the statements in a file are stopped, over HTTP, as an app meets them. */
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { BlockedError, type Dialect, guardDatabase, off } from 'bulwark'
import { secure } from 'bulwark/node'
import { UsageError } from './arguments.ts'
import { type Case, readCases } from './labelled.ts'

const usage = `npm run bench:detection -- --cases FILE [--json OUT]

  --cases FILE   one case a line: { "dialect", "template", "sql", "input", "expected", "executes" }
                 dialect: postgres, mysql, sqlite or tsql; expected: injection or safe; executes: true or false
                 the template has a § where the input goes
  --json OUT     also write the counts and every case that was judged wrongly, as JSON
  --help

  "cold": the app meets these statements for the first time; "warm": other clients have used it before, with ordinary values
`

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

/** How many cases of a kind are shown. */
const SHOWN = 10

/** A database that does nothing: only what stands in front of it is measured. */
const databases = Object.fromEntries(
  (['postgres', 'mysql', 'sqlite', 'tsql'] as const).map((dialect) => [
    dialect,
    guardDatabase({ run: (_sql: string) => {} }, { dialect, methods: ['run'] }),
  ]),
)

async function main(): Promise<number> {
  try {
    const order = orderIn(process.argv.slice(2))
    if (order === undefined) console.log(usage)
    else await measure(order)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(error.message)
    return 2
  }
}

interface Order {
  readonly cases: readonly Case[]
  readonly file: string
  readonly json: string | undefined
}

/** What is to be done; `undefined` when only help was asked for. Throws `UsageError`. */
function orderIn(argv: readonly string[]): Order | undefined {
  const { help, cases: file, json } = optionsIn(argv)
  if (help) return undefined
  if (file === undefined) throw new UsageError(usage)
  const cases = readCases(textOf(file), file)
  // Better told now than when everything was measured.
  if (json !== undefined) attempt(json, () => closeSync(openSync(json, 'a')))
  return { cases, file, json }
}

interface Options {
  readonly cases?: string
  readonly json?: string
  readonly help?: boolean
}

function optionsIn(argv: readonly string[]): Options {
  try {
    return parseArgs({
      args: [...argv],
      options: { cases: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean' } },
    }).values
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}

function textOf(file: string): string {
  return attempt(file, () => readFileSync(file, 'utf8'))
}

/** A file that is not there is no fault of this program's: one line says so. */
function attempt<T>(file: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function measure({ cases, file, json }: Order): Promise<void> {
  const app = await serve(cases)
  try {
    console.log(`${file}: ${cases.length} cases, each one request to an app that runs what it is sent`)
    const cold = await judgeAll(app.port, cases)
    print('cold', cold)
    await warmUp(app, cases)
    const warm = await judgeAll(app.port, cases)
    print('warm', warm)
    if (json === undefined) return
    attempt(json, () => writeFileSync(json, `${JSON.stringify({ cases: cases.length, cold, warm }, null, 2)}\n`))
    console.log(`all of it: ${json}`)
  } finally {
    app.close()
  }
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
        res.statusCode = error instanceof BlockedError ? error.status : 500
      }
      res.end()
    })
  }
  const why = 'only the sink is measured'
  const policy = { rateLimit: off(why), bodyLimits: off(why), proxies: 'loopback', onEvent: () => {} } as const
  const server = secure(http.createServer(answer), policy)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    extra,
    close() {
      agent.destroy()
      server.close()
      server.closeAllConnections()
    },
  }
}

/** What an app knows after a while: its statements with ordinary values, which several people have sent. */
async function warmUp(app: App, cases: readonly Case[]): Promise<void> {
  const templates = new Map(cases.map((one) => [`${one.dialect} ${one.template}`, one]))
  for (const client of ['198.51.100.7', '198.51.100.8', '198.51.100.9']) {
    for (const { dialect, template } of templates.values()) {
      const value = String(Math.floor(Math.random() * 1e9))
      app.extra.push({ dialect, sql: template.replaceAll('§', value) })
      await ask(app.port, cases.length + app.extra.length - 1, value, client)
    }
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

/** Answers 204 or 403; anything else is a fault of this program's, and no count could be right then. */
function ask(port: number, i: number, input: string, client = '198.51.100.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ input })
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-case': String(i),
      'x-forwarded-for': client,
    }
    const request = http.request({ host: '127.0.0.1', port, method: 'POST', agent, headers }, (response) => {
      const status = response.statusCode ?? 0
      response.resume().once('end', () => {
        if (status === 204 || status === 403) resolve(status)
        else reject(new Error(`case ${i + 1} was answered with ${status}: nothing was judged`))
      })
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
  show('missed ', score.missed)
  show('falsely', score.stoppedFalsely)
}

function show(name: string, lines: readonly string[]): void {
  for (const line of lines.slice(0, SHOWN)) {
    console.log(`  ${name} ${line.length > 200 ? `${line.slice(0, 200)} ... (${line.length} characters)` : line}`)
  }
  if (lines.length > SHOWN) console.log(`  ${name} ... and ${lines.length - SHOWN} more`)
}

process.exitCode = await main()
