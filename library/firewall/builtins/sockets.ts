import { subscribe } from 'node:diagnostics_channel'
import dns from 'node:dns'
import http from 'node:http'
import net, { type Socket } from 'node:net'
import type { SinkExchange } from '../../core/sink.ts'
import { currentExchange, runIn } from '../context.ts'
import { type Method, wrap } from '../drivers/wrap.ts'
import { watchOf } from './replace.ts'

/** A connection that is about to be made, or to be used once more. */
export interface Connection {
  /** As the app named it, or as the redirect did that it follows. */
  readonly host: string
  /** What the name stands for right now. */
  readonly address: string
  readonly port: number
}

/** What the platform tells of connections to other machines. */
export interface SocketInspector {
  /** Throws to stop the connection. */
  connection(connection: Connection): void
  /** Throws to stop a connection to a socket of this machine by its path. */
  path(path: string): void
  /** An answer of `from` sent the app on to `to`. */
  redirect(from: string, to: string): void
}

type Lookup = (host: string, options: dns.LookupAllOptions, callback: Found) => void
type Found = (error: Error | null, address: string | readonly dns.LookupAddress[], family?: number) => void

interface ConnectOptions {
  readonly host?: string
  readonly port?: number | string
  readonly path?: string
  readonly lookup?: Lookup
}

/** The exchange that a request was made in, which may not be the one in which it gets its socket. */
const owners = new WeakMap<object, SinkExchange>()
const watch = watchOf<SocketInspector>('sockets')

/**
 * Guards every connection of this process: of `node:net`, `tls`, `http`, `https`, `http2`, `fetch` and whatever stands on them. Once.
 *
 * The address is judged as the socket gets it, so that no second answer of a name server comes between; and when a request takes a socket
 * that is open already, the address at its other end.
 */
export function guardSockets(inspector: SocketInspector): void {
  const isFirst = watch.inspector === undefined
  watch.inspector = inspector
  if (!isFirst) return
  wrap(net.Socket.prototype, 'connect', (native) => judgingConnect(native, inspector))
  guardRequests(inspector)
  guardFetch(inspector)
}

function judgingConnect(native: Method, inspector: SocketInspector): Method {
  return function (this: Socket, ...args) {
    const exchange = currentExchange()
    if (exchange === undefined) return native.apply(this, args)
    // `net.connect` hands its own list on, which it must find again.
    const list: unknown[] = Array.isArray(args[0]) ? args[0] : args
    const options = optionsOf(list)
    if (options === undefined) return native.apply(this, args)
    const { host = 'localhost', path } = options
    const port = Number(options.port)
    const isNamed = typeof path !== 'string' && net.isIP(host) === 0
    let judged: ConnectOptions = options
    if (isNamed) {
      const lookup = options.lookup ?? (dns.lookup as Lookup)
      judged = { ...options, lookup: judgingLookup(lookup, port, exchange, inspector) }
    } else {
      try {
        if (typeof path === 'string') inspector.path(path)
        else inspector.connection({ host, address: host, port })
      } catch (error) {
        judged = failing(options, error as Error)
      }
    }
    if (judged !== options) {
      if (typeof list[0] === 'object') list[0] = judged
      else list.splice(0, typeof list[1] === 'string' ? 2 : 1, judged)
    }
    return native.apply(this, args)
  }
}

/** A connection that fails the way in which one to an unknown name does: later, as an event, with nothing sent. */
function failing({ path: _, ...options }: ConnectOptions, error: Error): ConnectOptions {
  return { ...options, host: 'refused.invalid', port: 1, lookup: (_host, _options, callback) => callback(error, []) }
}

/** `connect(options)`, `connect(port, host)` and `connect(path)`. */
function optionsOf([first, second]: readonly unknown[]): ConnectOptions | undefined {
  if (typeof first === 'object' && first !== null) return first as ConnectOptions
  if (typeof first === 'number') return { port: first, ...(typeof second === 'string' && { host: second }) }
  if (typeof first !== 'string') return undefined
  // A number as text is a port, as Node reads it.
  if (first.trim() !== '' && Number(first) >= 0) {
    return { port: Number(first), ...(typeof second === 'string' && { host: second }) }
  }
  return { path: first }
}

function judgingLookup(native: Lookup, port: number, exchange: SinkExchange, inspector: SocketInspector): Lookup {
  return function (this: unknown, host, options, callback) {
    native.call(this, host, options, (error, found, family) => {
      let refused: Error | null = error
      if (!error) {
        try {
          const all = typeof found === 'string' ? [found] : found.map(({ address }) => address)
          // One of several addresses is enough: which one is tried first is up to whoever answers for the name.
          runIn(exchange, () => {
            for (const address of all) inspector.connection({ host, address, port })
          })
        } catch (why) {
          refused = why as Error
        }
      }
      callback(refused, found, family)
    })
  }
}

function guardRequests(inspector: SocketInspector): void {
  wrap(http.Agent.prototype, 'addRequest', (native) => {
    return function (request, ...rest) {
      const exchange = currentExchange()
      if (exchange !== undefined) owners.set(request, exchange)
      return native.call(this, request, ...rest)
    }
  })
  wrap(http.ClientRequest.prototype, 'onSocket', (native) => {
    return function (socket: Socket | undefined, error) {
      const exchange = owners.get(this) ?? currentExchange()
      if (exchange === undefined || !socket || error) return native.call(this, socket, error)
      const host = String(this.host ?? '')
      const isHere = exchange === currentExchange()
      if (socket.connecting && !isHere) {
        // Somebody else's request has opened this connection for us. Nothing is written before it stands.
        socket.prependOnceListener('connect', () => {
          const refused = judgeOpen(socket, host, exchange, inspector)
          if (refused !== undefined) socket.destroy(refused)
        })
      }
      return native.call(this, socket, socket.connecting ? error : judgeOpen(socket, host, exchange, inspector))
    }
  })
  subscribe('http.client.response.finish', (message) => {
    const { request, response } = message as { request: http.ClientRequest; response: http.IncomingMessage }
    const { location } = response.headers
    const exchange = owners.get(request) ?? currentExchange()
    if (location !== undefined && exchange !== undefined) {
      runIn(exchange, () => inspector.redirect(`${request.protocol}//${request.getHeader('host')}`, location))
    }
  })
}

/** Why a socket that is open already must not be used; `undefined` when it may. */
function judgeOpen(
  socket: Socket,
  host: string,
  exchange: SinkExchange,
  inspector: SocketInspector,
): Error | undefined {
  const { remoteAddress: address, remotePort: port } = socket
  if (address === undefined || port === undefined) return undefined
  try {
    runIn(exchange, () => inspector.connection({ host: host === '' ? address : host, address, port }))
    return undefined
  } catch (error) {
    return error as Error
  }
}

interface UndiciRequest {
  readonly origin?: string | URL
}

/** `fetch` and undici, whichever copy of it: they tell of their work on channels that carry no exchange of their own. */
function guardFetch(inspector: SocketInspector): void {
  subscribe('undici:request:create', (message) => {
    const exchange = currentExchange()
    if (exchange !== undefined) owners.set((message as { request: object }).request, exchange)
  })
  subscribe('undici:client:sendHeaders', (message) => {
    const { request, socket } = message as { request: UndiciRequest; socket: Socket }
    const exchange = owners.get(request)
    if (exchange === undefined) return
    const host = hostOf(String(request.origin ?? ''))
    const refused = judgeOpen(socket, host, exchange, inspector)
    // Nothing may be thrown into a channel. A socket that is gone writes nothing, and tells its requests why.
    if (refused !== undefined) socket.destroy(refused)
  })
  subscribe('undici:request:headers', (message) => {
    type Response = { readonly statusCode: number; readonly headers: readonly Uint8Array[] }
    const { request, response } = message as { request: UndiciRequest; response: Response }
    const exchange = owners.get(request)
    if (exchange === undefined || response.statusCode < 300 || response.statusCode > 399) return
    const { headers } = response
    for (let i = 0; i + 1 < headers.length; i += 2) {
      if (String(headers[i]).toLowerCase() !== 'location') continue
      runIn(exchange, () => inspector.redirect(String(request.origin ?? ''), String(headers[i + 1])))
    }
  })
  // `fetch` packs what went wrong into an error of its own; frameworks look at the outermost one.
  wrap(globalThis, 'fetch', (native) => {
    return function (...args) {
      const answer = native.apply(this, args)
      return currentExchange() === undefined ? answer : answer.catch(unpack)
    }
  })
}

function unpack(error: unknown): never {
  const { cause } = (error ?? {}) as { cause?: { code?: unknown } }
  throw cause?.code === 'BULWARK_CALL_BLOCKED' ? cause : error
}

function hostOf(origin: string): string {
  const authority = origin.slice(origin.indexOf('//') + 2)
  return authority.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}
