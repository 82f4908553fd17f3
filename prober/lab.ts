import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket, Server as TcpServer } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Outcome, Probe, ProbeKind, ProbeVerdict, Target } from '../library/core/probe.ts'
import type { Account } from './account.ts'
import { Visitor } from './account.ts'
import { FormTokens } from './form-tokens.ts'
import { findGround } from './safety.ts'
import { Shapes } from './shapes.ts'
import { openTarget, type ProbedTarget, type Run } from './target.ts'
import { openWire } from './wire.ts'

/** A request as a victim of the tests saw it. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly from: string
  readonly body: string
}

export interface Served {
  readonly origin: string
  readonly port: number
  readonly server: Server
  readonly seen: Seen[]
}

type Answering = (seen: Seen, res: ServerResponse, req: IncomingMessage) => void

/** Serves a victim on this machine until the test is over. */
export async function serve(answering: Answering, host = '127.0.0.1'): Promise<Served> {
  const seen: Seen[] = []
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('error', () => undefined)
    req.on('end', () => {
      const one: Seen = {
        method: req.method ?? '',
        url: req.url ?? '',
        headers: req.headers,
        rawHeaders: req.rawHeaders,
        from: req.socket.remoteAddress ?? '',
        body: Buffer.concat(chunks).toString('utf8'),
      }
      seen.push(one)
      answering(one, res, req)
    })
  })
  await listen(server, host)
  const { port } = server.address() as AddressInfo
  return { origin: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port, server, seen }
}

/** Has a server listen on this machine until the test is over. */
export async function listen(server: TcpServer, host = '127.0.0.1'): Promise<void> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
}

export function page(res: ServerResponse, html: string, headers: Record<string, string | string[]> = {}): void {
  res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers })
  res.end(html)
}

/** What a probe would hold in its hands, with the run behind it. */
export async function reach(
  url: string,
  more: Partial<Run> & {
    account?: Account
    second?: Account
    requests?: number
    signal?: AbortSignal
    from?: string
  } = {},
): Promise<{ target: ProbedTarget; run: Run }> {
  const { account, second, requests = 200, signal = new AbortController().signal, from, ...overrides } = more
  const ground = await findGround(url)
  const run: Run = {
    id: 'a-run',
    wire: openWire(ground, ground.addresses[0] ?? ''),
    deadline: performance.now() + 60_000,
    maxRequests: 1500,
    requests: 0,
    holdFor: 200,
    burst: 10,
    visitor: account && new Visitor(account, ground.origin, true),
    other: second && new Visitor(second, ground.origin, true),
    manyAddresses: false,
    firstStatus: 200,
    record: new WeakMap(),
    tokens: new FormTokens(),
    shapes: new Shapes(),
    checks: 0,
    ...overrides,
  }
  return { target: openTarget(run, [], { requests, signal, from }), run }
}

/** A probe that does what the test says. */
export function aProbe(name: string, kind: ProbeKind, attack: (target: Target) => AsyncIterable<Outcome>): Probe {
  return { name, risk: name.split('/')[0] ?? name, title: `Attack ${name}`, kind, attack }
}

export function anOutcome(verdict: ProbeVerdict, more: Partial<Outcome> = {}): Outcome {
  return { verdict, method: 'GET', path: '/', message: `It is ${verdict}.`, remedy: 'Repair it.', ...more }
}
