import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { AttachedServer } from '../core/guard.ts'
import { shared } from '../firewall/shared.ts'
import { connectionOf, openExchange, openUpgrade } from './baseline.ts'
import { CONNECTION, type ConnectionCarrier, type HttpConnection } from './connection.ts'
import type { HttpExchange } from './exchange.ts'
import { boundSession, Streams } from './http2.ts'
import { writeProblem, writeRawProblem } from './problem.ts'
import type { Runtime } from './runtime.ts'

type Emit = (this: Server, event: string | symbol, ...args: unknown[]) => boolean
type Listener = (this: Server, req: IncomingMessage, res: ServerResponse) => unknown

/** A preload may have been there before the app, with a copy of this module. The first policy around a server stays the only one. */
const attached = shared('attached', () => new WeakMap<Server, Runtime>())

/**
 * Puts the baseline around a server: every request, upgrade and connection passes it before any listener of the app,
 * whichever framework those belong to. Attaching the same runtime twice does nothing.
 */
export function attachServer(server: Server, runtime: Runtime): void {
  if (attached.has(server)) return
  attached.set(server, runtime)
  const connections = new Set<HttpConnection>()
  const sessions = new Set<ServerHttp2Session>()
  const native = server.emit as Emit
  let listeners = requestListeners(server)
  const refresh = (event: string | symbol): void => {
    // Node emits `newListener` before it adds and `removeListener` after it removes.
    if (event === 'request') queueMicrotask(() => (listeners = requestListeners(server)))
    if (event === 'stream') queueMicrotask(() => lookForStreams(server, runtime))
  }
  lookForStreams(server, runtime)
  server.on('newListener', refresh)
  server.on('removeListener', refresh)

  const emit: Emit = function (event, ...args) {
    switch (event) {
      case 'request':
        return onRequest(server, runtime, listeners, args[0] as IncomingMessage, args[1] as ServerResponse)
      case 'upgrade':
      case 'connect':
        if ((args[0] as IncomingMessage).httpVersionMajor >= 2) {
          return onConnect(server, runtime, args[0] as IncomingMessage, args[1] as unknown as ServerResponse)
        }
        return onUpgrade(server, runtime, event, args as [IncomingMessage, Socket, Buffer])
      case 'secureConnection':
        follow(args[0] as Socket, runtime, connections)
        break
      case 'connection':
        if (!admit(args[0] as Socket, runtime, connections)) return true
        break
      case 'session':
        multiplex(args[0] as ServerHttp2Session, server, runtime, connections)
        sessions.add(args[0] as ServerHttp2Session)
        ;(args[0] as ServerHttp2Session).once('close', () => sessions.delete(args[0] as ServerHttp2Session))
        break
      case 'clientError':
        if (server.listenerCount('clientError') === 0) return onClientError(runtime, args[0], args[1] as Socket)
        break
    }
    return native.call(this, event, ...args)
  }
  server.emit = emit as Server['emit']

  const clock = setInterval(() => tick(runtime, connections), 1000)
  clock.unref()
  server.once('close', () => clearInterval(clock))
  const handle = toAttached(server, sessions)
  for (const guard of runtime.serverGuards.guards) guard.onServer!(handle)
}

export function isAttached(server: Server): boolean {
  return attached.has(server)
}

type SeenCallback = (server: Server, socket: Socket) => void

const waiting = new WeakMap<object, SeenCallback>()
const seen = new WeakSet<Server>()
let listening = false

/** Calls back when a server that was handed this listener accepts its first connection: for apps that do not listen themselves. */
export function onServerSeen(listener: object, callback: SeenCallback): void {
  waiting.set(listener, callback)
  if (listening) return
  listening = true
  subscribe('net.server.socket', (message) => {
    const { socket } = message as { socket: Socket & { server?: Server } }
    const server = socket.server
    if (server === undefined || seen.has(server)) return
    seen.add(server)
    for (const each of server.listeners('request')) waiting.get(each)?.(server, socket)
  })
}

/** A connection that was accepted before its server was attached. */
export function adoptSocket(socket: Socket, runtime: Runtime): void {
  connectionOf(socket, runtime)
}

function requestListeners(server: Server): readonly Listener[] {
  return server.rawListeners('request') as Listener[]
}

function onRequest(
  server: Server,
  runtime: Runtime,
  listeners: readonly Listener[],
  req: IncomingMessage,
  res: ServerResponse,
): boolean {
  const x = openExchange(req, res, runtime)
  if (x.pending === undefined) {
    if (!x.denied) call(server, listeners, x)
  } else {
    void x.pending.then(() => {
      if (!x.denied) call(server, listeners, x)
    })
  }
  return true
}

/** Runs the app's listeners; what they throw, now or later, becomes a problem document instead of the end of the process. */
function call(server: Server, listeners: readonly Listener[], x: HttpExchange): void {
  const own = x.runtime.ownListener?.(x)
  if (own !== undefined) listeners = [own]
  for (const listener of listeners) {
    try {
      watch(x, listener.call(server, x.req, x.res))
    } catch (error) {
      x.runtime.fail(x, error)
    }
  }
}

function watch(x: HttpExchange, result: unknown): void {
  if (isPromise(result)) result.then(undefined, (error: unknown) => x.runtime.fail(x, error))
}

function onUpgrade(
  server: Server,
  runtime: Runtime,
  event: 'upgrade' | 'connect',
  args: [IncomingMessage, Socket, Buffer],
): boolean {
  const [req, socket] = args
  // Node keeps no error listener on a socket that it hands out; a client that resets must not end the process.
  socket.on('error', () => socket.destroy())
  const x = openUpgrade(req, runtime)
  const go = (): void => {
    if (x.denied) return
    const listeners = server.rawListeners(event) as ((this: Server, ...args: unknown[]) => unknown)[]
    if (listeners.length === 0) writeRawProblem(socket, event === 'connect' ? 405 : 426, x.id)
    for (const listener of listeners) {
      try {
        watch(x, listener.apply(server, args))
      } catch (error) {
        runtime.fail(x, error)
      }
    }
  }
  if (x.pending === undefined) go()
  else void x.pending.then(go)
  return true
}

/** Over HTTP/2 a tunnel is a request like others; one that nobody offers is refused. */
function onConnect(server: Server, runtime: Runtime, req: IncomingMessage, res: ServerResponse): boolean {
  const listeners = server.rawListeners('connect') as Listener[]
  const x = openExchange(req, res, runtime)
  const go = (): void => {
    if (x.denied) return
    if (listeners.length > 0) call(server, listeners, x)
    else {
      x.denied = true
      writeProblem(x, 405, undefined, true)
    }
  }
  if (x.pending === undefined) go()
  else void x.pending.then(go)
  return true
}

/** What listens to bare streams of HTTP/2 answers past every guard. Node's own listener makes requests of them. */
function lookForStreams(server: Server, runtime: Runtime): void {
  if (server.listeners('stream').every(({ name }) => name === 'bound onServerStream')) return
  runtime.publish({
    guard: 'runtime',
    risk: 'missing-authorization',
    reason: "something listens to 'stream' of the server, and answers past every guard",
    outcome: 'reported',
    fix: "listen to 'request', which also HTTP/2 has",
  })
}

/** A connection turns out to speak HTTP/2. */
function multiplex(
  session: ServerHttp2Session,
  server: Server,
  runtime: Runtime,
  connections: Set<HttpConnection>,
): void {
  const connection = connectionOf(session.socket as Socket, runtime)
  connection.streams = new Streams(session, connection, runtime, connections)
  boundSession(session, server)
}

function admit(socket: Socket, runtime: Runtime, connections: Set<HttpConnection>): boolean {
  const connection = connectionOf(socket, runtime)
  if (connections.has(connection)) return true
  const { guards, observe } = runtime.connectionGuards
  for (let i = 0; i < guards.length; i++) {
    const denial = guards[i]!.onConnection!(connection)
    if (denial === undefined) continue
    runtime.publish({
      guard: guards[i]!.name,
      risk: denial.risk,
      reason: `${denial.reason} (from ${connection.ip})`,
      outcome: observe[i]! ? 'observed' : 'denied',
    })
    if (observe[i]!) continue
    // Those that let it in must hear that it is gone; the one that refused it never counted it.
    for (let before = 0; before < i; before++) guards[before]!.onDisconnect?.(connection)
    socket.destroy()
    return false
  }
  connections.add(connection)
  socket.once('close', () => leave(connection, runtime, connections))
  return true
}

/** TLS is ready on a connection that was admitted before: from now on the socket above it is the one that is looked at. */
function follow(socket: Socket, runtime: Runtime, connections: Set<HttpConnection>): void {
  const below = (socket as { _parent?: ConnectionCarrier })._parent?.[CONNECTION]
  const connection = connectionOf(socket, runtime)
  connections.add(connection)
  if (below !== undefined) connections.delete(below)
  socket.once('close', () => {
    connections.delete(connection)
    if (below !== undefined) leave(below, runtime, connections)
  })
}

function leave(connection: HttpConnection, runtime: Runtime, connections: Set<HttpConnection>): void {
  connections.delete(connection)
  if (connection.left) return
  connection.left = true
  for (const guard of runtime.disconnectGuards.guards) guard.onDisconnect!(connection)
}

function tick(runtime: Runtime, connections: Set<HttpConnection>): void {
  const now = runtime.policy.setup.now()
  for (const connection of connections) connection.tick(now)
  for (const guard of runtime.tickGuards.guards) guard.onTick!(now, connections)
}

/** Bytes that are no request: answered like every other refusal, so that no version of a parser shows through. */
function onClientError(runtime: Runtime, error: unknown, socket: Socket): boolean {
  const { code, bytesParsed } = (error ?? {}) as { code?: string; bytesParsed?: number }
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return true
  }
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  if (bytesParsed !== undefined || status === 408) {
    runtime.publish({
      guard: 'runtime',
      risk: 'malformed-request',
      reason: `bytes that are no HTTP request, or one that never ended (${code ?? 'unknown'})`,
      outcome: 'denied',
    })
  }
  writeRawProblem(socket, status)
  return true
}

function toAttached(server: Server, sessions: ReadonlySet<ServerHttp2Session>): AttachedServer {
  return {
    setTimeouts({ headers, request, keepAlive }) {
      if (headers !== undefined) server.headersTimeout = headers
      if (request !== undefined) server.requestTimeout = request
      if (keepAlive !== undefined) server.keepAliveTimeout = keepAlive
    },
    drain(ms) {
      return new Promise((done) => {
        const cut = setTimeout(() => {
          server.closeAllConnections?.()
          for (const session of sessions) session.destroy()
        }, ms)
        server.close(() => {
          clearTimeout(cut)
          done()
        })
        server.closeIdleConnections?.()
        for (const session of sessions) session.close()
      })
    },
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
}
