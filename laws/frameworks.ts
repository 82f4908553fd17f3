import { createHash } from 'node:crypto'
import http, { type IncomingMessage, type RequestListener, type Server } from 'node:http'
import https, { type ServerOptions as TlsOptions } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createAdaptorServer } from '@hono/node-server'
import express5 from 'express'
import fastify, { type FastifyReply, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { type Context, Hono } from 'hono'
import { bulwark as forExpress, secure as secureExpress } from '../library/adapters/express.ts'
import { bulwark as forFastify, secure as secureFastify } from '../library/adapters/fastify.ts'
import { bulwark as forHono, secure as secureHono } from '../library/adapters/hono.ts'
import { route as routeNode, secure as secureNode } from '../library/adapters/node.ts'
import type { Route } from '../library/core/probe.ts'
import type { Security } from '../library/core/security.ts'
import type {
  AboutRoute,
  Victim,
  VictimApp,
  VictimHandler,
  VictimRequest,
  VictimResponse,
} from '../library/core/victim.ts'
import type { Policy } from '../library/runtime/policy.ts'
import { listenerFor, parseAny, read, serveNode } from './victim-node.ts'

/** A victim being served. */
export interface Running {
  readonly origin: string
  readonly routes: readonly Route[]
  close(): Promise<void>
}

/** `policy` undefined serves the victim as it is, without Bulwark; `tls` undefined serves it over plain HTTP. */
export type Serve = (victim: Victim, policy: Policy | undefined, tls?: TlsOptions) => Promise<Running>

/** Every framework that a victim is served by, with the policy installed the way a user would. */
export const frameworks: Readonly<Record<string, Serve>> = {
  'node:http': onNode,
  'Express 5': (victim, policy, tls) => onExpress(express5 as unknown as ExpressLike, victim, policy, tls),
  'Express 4': async (victim, policy, tls) => {
    return onExpress(createRequire(import.meta.url)('express4') as ExpressLike, victim, policy, tls)
  },
  'Fastify 5': onFastify,
  'Hono 4': onHono,
}

type Method = 'get' | 'post' | 'put' | 'delete'

export interface Registered {
  readonly method: Method
  readonly path: string
  readonly handler: VictimHandler
  readonly about: AboutRoute
}

/** What the victim registers, in order, and the paths of its WebSockets. */
function collect(victim: Victim): { routes: Registered[]; upgrades: string[] } {
  const routes: Registered[] = []
  const upgrades: string[] = []
  const on =
    (method: Method) =>
    (path: string, handler: VictimHandler, about: AboutRoute = {}): void => {
      routes.push({ method, path, handler, about })
    }
  const app: VictimApp = {
    get: on('get'),
    post: on('post'),
    put: on('put'),
    delete: on('delete'),
    upgrade: (path) => upgrades.push(path),
  }
  victim(app)
  return { routes, upgrades }
}

function inventory(routes: readonly Registered[], upgrades: readonly string[]): Route[] {
  return [
    ...routes.map(({ method, path, about: { sample, contract: _, ...about } }) => ({
      ...about,
      method: method.toUpperCase(),
      path: sample ?? path,
    })),
    ...upgrades.map((path) => ({ method: 'UPGRADE', path })),
  ]
}

async function onNode(victim: Victim, policy: Policy | undefined, tls?: TlsOptions): Promise<Running> {
  const { routes, upgrades } = collect(victim)
  const app = serveNode(routes)
  const server = serverFor(policy === undefined ? dying(app) : app, tls)
  if (policy !== undefined) {
    const declared = routes.flatMap((route) => {
      const { contract } = route.about
      if (contract === undefined) return []
      return [routeNode(`${route.method.toUpperCase()} ${route.path}`, contract as never, listenerFor(route))]
    })
    secureNode(server, policy, declared)
  }
  return listen(server, routes, upgrades)
}

function serverFor(app: RequestListener, tls: TlsOptions | undefined): Server {
  return tls === undefined ? http.createServer(app) : https.createServer(tls, app)
}

/** A rejection that nobody catches ends the process of an app; here, where the tests would end with it, it ends the connection. */
function dying<Args extends [IncomingMessage, ...unknown[]]>(
  listener: (...args: Args) => unknown,
): (...args: Args) => void {
  return (...args) => {
    void Promise.resolve(listener(...args)).catch(() => args[0].socket.destroy())
  }
}

/** The same for a function that Express 4 calls: what it throws at once is Express's, what it rejects with is nobody's. */
function rejecting<Args extends [IncomingMessage, ...unknown[]]>(
  listener: (...args: Args) => unknown,
): (...args: Args) => void {
  return (...args) => {
    const result = listener(...args)
    if (result instanceof Promise) void result.catch(() => args[0].socket.destroy())
  }
}

interface ExpressLike {
  (): ExpressAppLike
  json(options: object): unknown
  urlencoded(options: object): unknown
}
interface ExpressAppLike {
  use(...args: unknown[]): unknown
  get(path: string, ...handlers: unknown[]): unknown
  post(path: string, ...handlers: unknown[]): unknown
  put(path: string, ...handlers: unknown[]): unknown
  delete(path: string, ...handlers: unknown[]): unknown
  listen(port: number, host: string, done: () => void): Server
}

async function onExpress(
  express: ExpressLike,
  victim: Victim,
  policy: Policy | undefined,
  tls?: TlsOptions,
): Promise<Running> {
  const { routes, upgrades } = collect(victim)
  const app = express()
  if (policy !== undefined) app.use(forExpress(policy))
  // As hurried people write it: any type is taken for JSON, and any size is read.
  app.use(
    express.json({ type: ['json', '+json', 'text/plain', 'application/x-unknown'], limit: '100mb', strict: false }),
  )
  app.use(express.urlencoded({ extended: true, limit: '100mb', parameterLimit: 1_000_000 }))
  for (const { method, path, handler, about } of routes) {
    const contract = policy === undefined || about.contract === undefined ? [] : [secureExpress(about.contract)]
    const answer = (req: IncomingMessage, res: unknown): unknown => {
      const request = req as unknown as VictimRequest & { body?: unknown }
      const type = String(req.headers['content-type'] ?? '')
      if (type.startsWith('multipart/')) {
        return read(req).then((bytes) => {
          request.body = parseAny(type, '', bytes) as Record<string, unknown>
          return handler(request, res as VictimResponse)
        })
      }
      request.body ??= {}
      return handler(request, res as VictimResponse)
    }
    app[method](path, ...contract, policy === undefined && 'lazyrouter' in app ? rejecting(answer) : answer)
  }
  if (tls !== undefined) return listen(serverFor(app as unknown as RequestListener, tls), routes, upgrades)
  return new Promise((resolve) => {
    const server: Server = app.listen(0, '127.0.0.1', () => resolve(running(server, routes, upgrades)))
  })
}

async function onFastify(victim: Victim, policy: Policy | undefined, tls?: TlsOptions): Promise<Running> {
  const { routes, upgrades } = collect(victim)
  const app = fastify({
    bodyLimit: 100 * 1024 * 1024,
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    routerOptions: { maxParamLength: 5000 },
    ...(tls && { https: tls }),
  } as FastifyServerOptions)
  if (policy !== undefined) app.register(forFastify(policy))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(
        null,
        parseAny(
          String(request.headers['content-type'] ?? ''),
          String(request.headers['content-encoding'] ?? ''),
          body as Buffer,
        ),
      )
    } catch (error) {
      done(Object.assign(error as Error, { statusCode: 400 }))
    }
  })
  for (const { method, path, handler, about } of routes) {
    const contract = policy === undefined || about.contract === undefined ? {} : secureFastify(about.contract)
    app[method](path, contract, async (request, reply) => {
      const answer = fastifyResponse(reply)
      await handler(fastifyRequest(request), answer)
      return reply
    })
  }
  if (upgrades.length > 0) app.server.on('upgrade', greet(upgrades))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    origin: originOf(app.server),
    routes: inventory(routes, upgrades),
    async close() {
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

function fastifyRequest(request: FastifyRequest): VictimRequest {
  return {
    method: request.method,
    url: request.url,
    headers: request.headers,
    params: request.params as Record<string, string>,
    query: request.query as Record<string, string>,
    body: (request.body ?? {}) as Record<string, unknown>,
    ip: request.ip,
    security: (request as { security?: Security }).security,
  }
}

function fastifyResponse(reply: FastifyReply): VictimResponse {
  const self: VictimResponse = {
    status(code) {
      reply.code(code)
      return self
    },
    set(name, value) {
      reply.header(name, value)
      return self
    },
    send(body) {
      if (typeof body === 'string' && reply.getHeader('content-type') === undefined)
        reply.type('text/html; charset=utf-8')
      reply.send(body)
    },
    json(body) {
      reply.type('application/json; charset=utf-8').send(JSON.stringify(body))
    },
    redirect(location) {
      reply.redirect(location)
    },
    end() {
      reply.send('')
    },
  }
  return self
}

async function onHono(victim: Victim, policy: Policy | undefined, tls?: TlsOptions): Promise<Running> {
  const { routes, upgrades } = collect(victim)
  const app = new Hono<{ Bindings: { incoming: IncomingMessage } }>()
  if (policy !== undefined) app.use(forHono(policy))
  for (const { method, path, handler, about } of routes) {
    const answer = (c: Context): Promise<Response> =>
      new Promise((resolve, reject) => {
        honoRequest(c)
          .then((request) => handler(request, honoResponse(c, resolve)))
          .then(undefined, reject)
      })
    if (policy === undefined || about.contract === undefined) app[method](path, answer)
    else app[method](path, secureHono(about.contract), answer)
  }
  const how = tls === undefined ? {} : { createServer: https.createServer, serverOptions: tls }
  return listen(createAdaptorServer({ fetch: app.fetch, ...how }) as Server, routes, upgrades)
}

async function honoRequest(c: Context<{ Bindings: { incoming: IncomingMessage } }>): Promise<VictimRequest> {
  const { incoming } = c.env
  const bytes = incoming.readableEnded ? Buffer.alloc(0) : Buffer.from(await c.req.arrayBuffer())
  const body = parseAny(c.req.header('content-type') ?? '', c.req.header('content-encoding') ?? '', bytes)
  return {
    method: c.req.method,
    url: incoming.url ?? '/',
    headers: incoming.headers,
    params: c.req.param(),
    query: c.req.query(),
    body: body as Record<string, unknown>,
    ip: incoming.socket.remoteAddress ?? '',
    security: c.get('security'),
  }
}

function honoResponse(c: Context, resolve: (response: Response) => void): VictimResponse {
  let typed = false
  const self: VictimResponse = {
    status(code) {
      c.status(code as 200)
      return self
    },
    set(name, value) {
      typed ||= name.toLowerCase() === 'content-type'
      if (typeof value === 'string') c.header(name, value)
      else for (const one of value) c.header(name, one, { append: true })
      return self
    },
    send(body) {
      if (typeof body !== 'string') self.json(body)
      else resolve(typed ? c.body(body) : c.html(body))
    },
    json(body) {
      c.header('Content-Type', 'application/json; charset=utf-8')
      resolve(c.body(JSON.stringify(body)))
    },
    redirect(location) {
      resolve(c.redirect(location))
    },
    end() {
      resolve(c.body(null))
    },
  }
  return self
}

function listen(server: Server, routes: readonly Registered[], upgrades: readonly string[]): Promise<Running> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(running(server, routes, upgrades))))
}

function running(server: Server, routes: readonly Registered[], upgrades: readonly string[]): Running {
  if (upgrades.length > 0) server.on('upgrade', greet(upgrades))
  return {
    origin: originOf(server),
    routes: inventory(routes, upgrades),
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

function originOf(server: Server): string {
  return `${server instanceof https.Server ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Accepts any WebSocket on these paths and says hello in one frame. */
function greet(paths: readonly string[]) {
  return (req: IncomingMessage, socket: Duplex): void => {
    if (!paths.includes(req.url ?? '')) {
      socket.destroy()
      return
    }
    const accept = createHash('sha1')
      .update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.resume()
    // An http server's sockets stay half open: without this, closing the server would wait for ever.
    socket.on('end', () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.write(Buffer.from([0x81, 5, ...Buffer.from('hello')]))
  }
}
