import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Connection, Denial } from '../core/guard.ts'
import { certificateNames } from '../toolbox/certificate-names.ts'
import type { HttpExchange } from './exchange.ts'
import { writeRawProblem } from './problem.ts'

export const CONNECTION: unique symbol = Symbol.for('bulwark.connection') as never

export type ConnectionCarrier = Socket & { [CONNECTION]?: HttpConnection }

/** What is known of the streams of a connection that carries many requests at once (HTTP/2). */
export interface Multiplexed {
  readonly headSince: number
  open(stream: ServerHttp2Stream, connection: HttpConnection): void
  tick(now: number): void
  end(): void
}

/** One accepted connection, with the times that slow-client guards need. Kept up to date without a listener per request. */
export class HttpConnection implements Connection {
  readonly socket: Socket
  readonly ip: string
  readonly client: string
  readonly trusted: boolean
  readonly since: number
  /** The exchange that was opened last. */
  exchange: HttpExchange | undefined = undefined
  /** When the body of that exchange was complete or known to be absent; 0 while it is being received. */
  bodyDone = true
  bodyStarted = 0
  /** Over HTTP/2, where its requests have connections of their own. */
  streams: Multiplexed | undefined = undefined
  /** Guards have been told that it closed. */
  left = false
  #idleSince: number
  #idleBytes = 0
  #ticked: number
  #notes: Map<string, unknown> | undefined = undefined
  #certificateNames: readonly string[] | undefined = undefined

  constructor(socket: Socket, ip: string, client: string, trusted: boolean, now: number) {
    this.socket = socket
    this.ip = ip
    this.client = client
    this.trusted = trusted
    this.since = now
    this.#idleSince = now
    this.#ticked = now
  }

  /** Looks at the connection once a second: is a head due, and since when. */
  tick(now: number): void {
    if (this.streams !== undefined) {
      this.streams.tick(now)
      return
    }
    const elapsed = now - this.#ticked
    this.#ticked = now
    const x = this.exchange
    if (x === undefined) {
      // While a kept-alive connection is idle, no head is due; the first byte of the next one starts its time.
      if (this.#idleBytes > 0 && this.socket.bytesRead === this.#idleBytes) this.#idleSince = now
      return
    }
    // While the app does not take what has arrived, the client cannot send more, and is not to blame for it.
    if (!this.bodyDone && x.req.readableLength >= x.req.readableHighWaterMark) {
      this.bodyStarted = Math.min(now, this.bodyStarted + elapsed)
    }
    if (!x.res.writableFinished) return
    // The last exchange is over: what arrives from now on belongs to the next head.
    this.exchange = undefined
    this.#idleSince = now
    this.#idleBytes = this.socket.bytesRead
  }

  get headSince(): number {
    if (this.streams !== undefined) return this.streams.headSince
    if (this.exchange !== undefined) return 0
    // A kept-alive connection that sends nothing is idle, not slow: Node's keep-alive timeout ends it.
    if (this.#idleBytes > 0 && this.socket.bytesRead === this.#idleBytes) return 0
    return this.#idleSince
  }

  get bodySince(): number {
    return this.bodyDone ? 0 : this.bodyStarted
  }

  get bodyBytes(): number {
    return this.bodyDone ? 0 : (this.exchange?.bodyBytes ?? 0)
  }

  get bytesRead(): number {
    return this.socket.bytesRead
  }

  /** What a certificate of the client's names, once TLS has found it good. */
  get certificateNames(): readonly string[] {
    const socket = this.socket as Partial<TLSSocket>
    if (socket.authorized !== true) return []
    return (this.#certificateNames ??= certificateNames(socket.getPeerCertificate?.().subjectaltname))
  }

  get notes(): Map<string, unknown> {
    return (this.#notes ??= new Map())
  }

  end(denial: Denial): void {
    if (this.streams !== undefined) {
      this.streams.end()
      return
    }
    const x = this.exchange
    if (x !== undefined && !x.headLeft && !x.res.headersSent) {
      x.runtime.refuse(x, denial, denial.risk)
      return
    }
    // Browsers open connections in advance; one that never said anything is closed without a word.
    if (x === undefined && this.socket.bytesRead > 0) writeRawProblem(this.socket, denial.status)
    else this.socket.destroy()
  }
}
