import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { off } from 'bulwark'
import { secure } from 'bulwark/node'
import { percentile } from '../numbers.ts'
import { type Hostile, hostileBodies } from './bodies.ts'
import { callAll, sinks, type Writing, writings } from './calls.ts'

/** At most this much more than an honest request, for a call to any one sink. */
export const GOAL_MS = 20

export interface Cost {
  readonly body: string
  readonly writing: Writing
  /** Milliseconds of each sink, more than with the honest body. */
  readonly added: readonly number[]
  readonly total: number
  /** Which of them stopped the call. */
  readonly stopped: readonly boolean[]
}

type Answer = readonly { readonly ms: number; readonly stopped: boolean }[]

/** What each hostile body costs each sink, whatever the app writes of it into its calls. */
export async function measureHostile(rounds: number, only?: string): Promise<readonly Cost[]> {
  const app = await serve()
  const costs: Cost[] = []
  try {
    const [honest, ...bodies] = hostileBodies()
    const chosen = bodies.filter(({ name }) => only === undefined || name.includes(only))
    for (const writing of writings) {
      const base = await measure(app.port, honest as Hostile, writing, rounds + 10)
      for (const body of chosen) {
        const found = await measure(app.port, body, writing, rounds)
        const added = found.map(({ ms }, i) => Math.max(0, ms - (base[i]?.ms ?? 0)))
        const total = added.reduce((sum, ms) => sum + ms, 0)
        costs.push({ body: body.name, writing, added, total, stopped: found.map(({ stopped }) => stopped) })
      }
    }
  } finally {
    app.close()
  }
  return costs.sort((a, b) => b.total - a.total)
}

async function measure(port: number, hostile: Hostile, writing: Writing, rounds: number): Promise<Answer> {
  const answers: Answer[] = []
  for (let round = 0; round < rounds; round++) answers.push(await ask(port, hostile, writing))
  return sinks.map((_, i) => ({
    ms: percentile(
      answers.map((answer) => answer[i]?.ms ?? 0),
      0.3,
    ),
    stopped: answers.some((answer) => answer[i]?.stopped === true),
  }))
}

/** The report for people, 80 columns wide: the worst first. */
export function toText(costs: readonly Cost[], shown: number): string {
  const line = (cells: readonly string[], name: string): string =>
    `${name.padEnd(36)}${cells.map((cell) => cell.padStart(7)).join('')}`
  const lines = costs
    .slice(0, shown)
    .map(({ body, writing, added, total, stopped }) =>
      line(
        [...added.map((ms, i) => `${ms.toFixed(1)}${stopped[i] ? '!' : ''}`), total.toFixed(1)],
        `${body.slice(0, 28)} (${writing})`,
      ),
    )
  const alone = costs
    .flatMap(({ added, body, writing }) => added.map((ms, i) => ({ ms, what: `${sinks[i]}, ${body} (${writing})` })))
    .reduce((worst, each) => (each.ms > worst.ms ? each : worst), { ms: 0, what: 'none' })
  const verdict = [
    `${alone.ms <= GOAL_MS ? 'met' : 'MISSED'}: a call adds at most ${alone.ms.toFixed(1)} ms (${alone.what}); goal ${GOAL_MS} ms`,
    `a request that calls all six sinks with it takes at most ${(costs[0]?.total ?? 0).toFixed(1)} ms more; ${costs.length} pairs tried`,
  ]
  return [
    'Hostile bodies of 100 kB: ms more than an honest one, for a call to each sink',
    line([...sinks, 'all'], 'body (what the call holds)'),
    ...lines,
    ...verdict,
  ].join('\n')
}

interface App {
  readonly port: number
  close(): void
}

async function serve(): Promise<App> {
  const server = http.createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      const answer = callAll(req.headers['x-writing'] as Writing, textsOf(Buffer.concat(chunks).toString('utf8')))
      res.end(JSON.stringify(answer))
    })
  })
  const why = 'only the sinks are measured, and nothing shields them'
  const { port } = await new Promise<AddressInfo>((resolve) => {
    secure(server, { rateLimit: off(why), bodyLimits: off(why), onEvent: () => {} })
    server.listen(0, '127.0.0.1', () => resolve(server.address() as AddressInfo))
  })
  return {
    port,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** What the app makes of a body: the texts in it. */
function textsOf(body: string): readonly string[] {
  const found: string[] = []
  const open: unknown[] = [parsed(body)]
  for (let next = open.pop(); next !== undefined && found.length < 10_000; next = open.pop()) {
    if (typeof next === 'string') found.push(next)
    else if (typeof next === 'object' && next !== null) open.push(...Object.values(next).slice(0, 20_000).reverse())
  }
  return found
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

const TYPES: Readonly<Record<Hostile['type'], string>> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  multipart: 'multipart/form-data; boundary=b',
  text: 'text/plain',
}
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

function ask(port: number, { type, body }: Hostile, writing: Writing): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': TYPES[type],
      'content-length': Buffer.byteLength(body),
      'x-writing': writing,
      'user-agent': '-',
    }
    const request = http.request({ host: '127.0.0.1', port, method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more
      })
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(JSON.parse(text) as Answer)
          : reject(new Error(`${response.statusCode}: ${text}`)),
      )
    })
    request.once('error', reject)
    request.end(body)
  })
}
