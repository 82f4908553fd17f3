import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { enter } from '../firewall/context.ts'
import { canonicalIp, clientKey } from '../toolbox/ip.ts'
import { CONNECTION, type ConnectionCarrier, HttpConnection } from './connection.ts'
import { type Carrier, EXCHANGE, HttpExchange } from './exchange.ts'
import { StreamConnection } from './http2.ts'
import { nameHost, streamOf } from './http2-request.ts'
import { watchResponse } from './response.ts'
import type { Runtime } from './runtime.ts'

/** The connection behind a socket, made when it is first seen. */
export function connectionOf(socket: Socket, runtime: Runtime): HttpConnection {
  const carrier = socket as ConnectionCarrier
  const known = carrier[CONNECTION]
  if (known !== undefined) return known
  // Whoever comes through a Unix socket is on this machine.
  const peer = socket.remoteAddress ?? '127.0.0.1'
  const ip = canonicalIp(peer) ?? peer
  const connection = new HttpConnection(socket, ip, clientKey(ip), runtime.isTrusted(ip), runtime.policy.setup.now())
  carrier[CONNECTION] = connection
  return connection
}

/** The exchange that a request belongs to, where Bulwark has opened one. */
export function exchangeOf(req: object): HttpExchange | undefined {
  return (req as Carrier)[EXCHANGE]
}

/**
 * Opens the exchange: the baseline that runs outside of every framework, for whatever the server answers.
 * A request that already has an exchange keeps it, so the baseline may be reached from the server and from the app alike.
 */
export function openExchange(req: IncomingMessage, res: ServerResponse, runtime: Runtime): HttpExchange {
  const known = (req as Carrier)[EXCHANGE]
  if (known !== undefined) return known
  const stream = streamOf(req)
  let connection = connectionOf(req.socket, runtime)
  if (stream !== undefined) {
    nameHost(req)
    connection = new StreamConnection(stream, connection, runtime)
  }
  const x = new HttpExchange(req, res, runtime, connection, false)
  ;(req as Carrier)[EXCHANGE] = x
  connection.exchange = x
  connection.bodyDone = true
  enter(x)
  watchResponse(x)
  runtime.begin(x)
  // Over HTTP/2 a body is on its way only once somebody reads; a slow client is to be told from an app that takes its time.
  if (stream !== undefined && x.hasBody && !x.denied) req.read(0)
  return x
}

/** Asks the guards about an upgrade. Nothing else of the exchange happens: after it the connection speaks another protocol. */
export function openUpgrade(req: IncomingMessage, runtime: Runtime): HttpExchange {
  const connection = connectionOf(req.socket, runtime)
  const x = new HttpExchange(req, NO_RESPONSE, runtime, connection, true)
  ;(req as Carrier)[EXCHANGE] = x
  connection.exchange = x
  enter(x)
  runtime.begin(x)
  return x
}

/** An upgrade has no response object; guards that set headers find one that ignores them. */
const NO_RESPONSE = {
  statusCode: 101,
  closed: true,
  headersSent: false,
  writableFinished: false,
  getHeader: () => undefined,
  getHeaderNames: () => [],
  setHeader() {},
  removeHeader() {},
} as unknown as ServerResponse
