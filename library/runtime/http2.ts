import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Denial } from '../core/guard.ts'
import { HttpConnection, type Multiplexed } from './connection.ts'
import type { Runtime } from './runtime.ts'

/** What a server asks of its clients unless the app has said otherwise: without, one connection may open any number of streams. */
const MOST_STREAMS = 100
/** Of one request's head, in bytes: what Node takes over HTTP/1.1. */
const MOST_HEADER_BYTES = 16_384
/** Requests that a client may take back before their answer: at once, and again in each second. */
const [RESETS, RESETS_EACH_SECOND] = [300, 33]
/** How long a connection without a request is kept. A PING is no request, and neither is a part of a head. */
const IDLE_MS = 60_000
/** RFC 9113, 7: ENHANCE_YOUR_CALM. */
const CALM_DOWN = 0xb

/** Asks of the clients of a server what its options leave open. */
export function boundSession(session: ServerHttp2Session, server: object): void {
  const options = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'options')
  const settings = options && (server as Record<symbol, { settings?: object } | undefined>)[options]?.settings
  const asked = { maxConcurrentStreams: MOST_STREAMS, maxHeaderListSize: MOST_HEADER_BYTES, enablePush: false }
  session.settings({ ...asked, ...settings })
}

/**
 * What one connection of HTTP/2 does: how many requests it carries, since when none, and how many it took back.
 *
 * **Security**: whoever opens a request and takes it back costs the server its work and is counted by no limit on open streams
 * (CVE-2023-44487); whoever sends a head in pieces without end holds a connection (CVE-2024-27983).
 */
export class Streams implements Multiplexed {
  readonly #session: ServerHttp2Session
  readonly #runtime: Runtime
  readonly #connection: HttpConnection
  readonly #watched: Set<HttpConnection> | undefined
  #open = 0
  #resets = 0
  /** When the last request ended; 0 before the first. */
  #idleSince = 0

  constructor(
    session: ServerHttp2Session,
    connection: HttpConnection,
    runtime: Runtime,
    watched: Set<HttpConnection> | undefined,
  ) {
    this.#session = session
    this.#connection = connection
    this.#runtime = runtime
    this.#watched = watched
  }

  /** Whoever never asks for anything is as slow as over HTTP/1.1; between two requests nothing is due. */
  get headSince(): number {
    return this.#open > 0 || this.#idleSince !== 0 ? 0 : this.#connection.since
  }

  open(stream: ServerHttp2Stream, connection: HttpConnection): void {
    this.#open++
    this.#watched?.add(connection)
    stream.once('close', () => {
      this.#open--
      this.#idleSince = this.#runtime.policy.setup.now()
      this.#watched?.delete(connection)
      // Whatever code it gives as the reason, the answer was not wanted any more.
      if (!stream.writableFinished && !this.#session.destroyed) this.#count()
    })
  }

  tick(now: number): void {
    this.#resets = Math.max(0, this.#resets - RESETS_EACH_SECOND)
    if (this.#open === 0 && this.#idleSince !== 0 && now - this.#idleSince > IDLE_MS) this.#session.close()
  }

  end(): void {
    this.#session.destroy(undefined, CALM_DOWN)
  }

  #count(): void {
    if (++this.#resets !== RESETS) return
    const observe = this.#runtime.policy.setup.mode === 'observe'
    this.#runtime.publish({
      guard: 'runtime',
      risk: 'unlimited-requests',
      reason: `requests were taken back before their answer, again and again (from ${this.#connection.ip})`,
      outcome: observe ? 'observed' : 'denied',
    })
    if (!observe) this.end()
  }
}

/**
 * Many requests share one connection, so each has what it takes to judge how fast it comes. To guards that watch time a stream is a connection
 * like any other; those that count connections are not told of it.
 */
export class StreamConnection extends HttpConnection {
  readonly #stream: ServerHttp2Stream
  readonly #parent: HttpConnection

  constructor(stream: ServerHttp2Stream, parent: HttpConnection, runtime: Runtime) {
    super(parent.socket, parent.ip, parent.client, parent.trusted, runtime.policy.setup.now())
    this.#stream = stream
    this.#parent = parent
    if (parent.streams === undefined && stream.session !== undefined) {
      parent.streams = new Streams(stream.session as ServerHttp2Session, parent, runtime, undefined)
    }
    parent.streams?.open(stream, this)
  }

  /** It begins with a whole head. */
  override get headSince(): number {
    return 0
  }

  override get certificateNames(): readonly string[] {
    return this.#parent.certificateNames
  }

  override end(denial: Denial): void {
    const x = this.exchange
    if (x !== undefined && !x.headLeft && !x.res.headersSent) x.runtime.refuse(x, denial, denial.risk)
    else this.#stream.close(CALM_DOWN)
  }
}
