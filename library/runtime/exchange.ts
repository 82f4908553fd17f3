import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Contract, KnownRoute } from '../core/contract.ts'
import type { ReportedEvent } from '../core/event.ts'
import type { Awaitable, Exchange, PreparedHeaders, RequestHead, ResponseHead } from '../core/exchange.ts'
import type { BodyJudge } from '../core/guard.ts'
import type { Security } from '../core/security.ts'
import type { SinkExchange, Stance, Untrusted } from '../core/sink.ts'
import { ClientTexts } from '../firewall/untrusted.ts'
import { nonce, randomHex } from '../toolbox/tokens.ts'
import { parseUrl } from '../toolbox/url.ts'
import { beginningOf, hasBeginning, takenBody } from './body.ts'
import type { HttpConnection } from './connection.ts'
import { streamOf } from './http2-request.ts'
import type { OutHeaders } from './out-headers.ts'
import { judgeFirstWrite } from './response.ts'
import type { Runtime } from './runtime.ts'

/** Where a request and its response keep their exchange. */
export const EXCHANGE: unique symbol = Symbol.for('bulwark.exchange') as never

export type Carrier = { [EXCHANGE]?: HttpExchange | undefined }

interface Beginning {
  readonly promise: Promise<readonly Uint8Array[]>
  readonly resolve: (chunks: readonly Uint8Array[]) => void
}

/** Characters that no header value may have: a line break would begin a header of somebody else's. */
const UNFIT = /[^\t\x20-\x7e\x80-\xff]/
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({})
const NO_CHUNKS: readonly Uint8Array[] = []

/** Nothing waits for the route. */
export const NO_DEFERRALS: ReadonlySet<string> = new Set()

/**
 * The exchange over node:http. Request and response head are faces of this one object: a request costs one allocation,
 * and what is seldom needed (`id`, `nonce`, `url`, `notes`) is made when first asked for.
 */
export class HttpExchange implements Exchange, RequestHead, ResponseHead, SinkExchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly runtime: Runtime
  readonly connection: HttpConnection
  readonly method: string
  readonly target: string
  readonly path: string
  readonly hasBody: boolean
  readonly upgrade: boolean
  contract: Contract | undefined = undefined
  route: KnownRoute | undefined = undefined
  params: Readonly<Record<string, string>> = NO_PARAMS
  user: string | undefined = undefined
  /** The route layer has run. */
  routed = false
  decided = false
  /** The guards whose verdict waits for the route, by name. */
  deferrals: ReadonlySet<string> = NO_DEFERRALS
  /** Those whose verdict waits no longer. */
  due: ReadonlySet<string> = NO_DEFERRALS
  /** An answer by Bulwark itself is on its way; nothing of the app's may follow. */
  denied = false
  /** Guards may refuse the answer until its head has left, whatever its status. */
  lateRefusal = false
  /** The body was refused: the rest of its bytes go nowhere. */
  bodyRefused = false
  /** The head of the response has been through the guards. */
  headLeft = false
  /** Asynchronous guards are still deciding. */
  pending: Promise<void> | undefined = undefined
  /** The response's headers, while the guards look at the head that is about to leave. */
  out: OutHeaders | undefined = undefined
  /** What judges the body, where one follows. */
  judges: readonly { readonly guard: string; readonly observe: boolean; readonly judge: BodyJudge }[] = []
  /** The body as far as it has arrived, while a guard holds it back from the app. */
  held: Uint8Array[] | undefined = undefined
  heldToEnd = false
  bodyEnded = false
  /** A guard has taken the body, and leaves none for the app. */
  bodyTaken = false
  /** Somebody waits for the beginning of the body. */
  beginning: Beginning | undefined = undefined
  /** What has been kept of the body. */
  kept: Uint8Array[] | undefined = undefined
  /** What of the body came behind that, while sinks are in place. */
  keptForSinks: Uint8Array[] | undefined = undefined
  bodyBytes = 0
  #id: string | undefined = undefined
  #nonce: string | undefined = undefined
  #notes: Map<string, unknown> | undefined = undefined
  #url: URL | undefined = undefined
  #ip: string | undefined = undefined
  #security: Security | undefined = undefined
  #untrusted: Untrusted | undefined = undefined

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    runtime: Runtime,
    connection: HttpConnection,
    upgrade: boolean,
  ) {
    this.req = req
    this.res = res
    this.runtime = runtime
    this.connection = connection
    this.upgrade = upgrade
    this.method = req.method ?? 'GET'
    const target = req.url ?? '/'
    this.target = target
    const query = target.indexOf('?')
    this.path = query === -1 ? target : target.slice(0, query)
    this.hasBody = saysBody(req)
  }

  waits(guard: string): boolean {
    return !this.decided && this.deferrals.has(guard)
  }

  isDue(guard: string): boolean {
    return this.due.has(guard)
  }

  get request(): RequestHead {
    return this
  }

  get response(): ResponseHead {
    return this
  }

  get id(): string {
    return (this.#id ??= randomHex(8))
  }

  get hasId(): boolean {
    return this.#id !== undefined
  }

  get nonce(): string {
    return (this.#nonce ??= nonce())
  }

  get hasNonce(): boolean {
    return this.#nonce !== undefined
  }

  get notes(): Map<string, unknown> {
    return (this.#notes ??= new Map())
  }

  get security(): Security {
    return (this.#security ??= this.runtime.securityOf(this))
  }

  get untrusted(): Untrusted {
    return (this.#untrusted ??= new ClientTexts(this))
  }

  get bodyForSinks(): readonly Uint8Array[] {
    const first = this.bodySoFar
    return this.keptForSinks === undefined ? first : [...first, ...this.keptForSinks]
  }

  /** What the app's own parser made of the body, where it leaves that on the request. */
  get parsedBody(): unknown {
    return (this.req as { body?: unknown }).body
  }

  get isOver(): boolean {
    return this.res.writableFinished || this.res.destroyed || this.req.socket.destroyed
  }

  stanceOf(sink: string): Stance {
    return this.runtime.stanceOf(sink)
  }

  get bodySoFar(): readonly Uint8Array[] {
    return this.kept ?? NO_CHUNKS
  }

  bodyStart(): Awaitable<readonly Uint8Array[]> {
    return !this.hasBody || hasBeginning(this) ? this.bodySoFar : beginningOf(this)
  }

  takeBody(): AsyncIterable<Uint8Array> {
    return takenBody(this)
  }

  onClose(callback: () => void): void {
    if (this.res.closed || streamOf(this.req)?.closed) callback()
    else this.res.once('close', callback)
  }

  get rawHeaders(): readonly string[] {
    return this.req.rawHeaders
  }

  get url(): URL {
    if (this.#url === undefined) {
      const base = `${this.secure ? 'https' : 'http'}://${this.host || 'localhost'}`
      this.#url = parseUrl(this.target, base) ?? new URL('/', 'http://localhost')
    }
    return this.#url
  }

  get ip(): string {
    return (this.#ip ??= this.runtime.addressOf(this))
  }

  get client(): string {
    return this.connection.trusted ? this.runtime.clientOf(this.ip) : this.connection.client
  }

  get certificateNames(): readonly string[] {
    return this.connection.certificateNames
  }

  get secure(): boolean {
    return this.runtime.isSecure(this)
  }

  get proxied(): boolean {
    return this.connection.trusted
  }

  get host(): string {
    const own = this.req.headers.host ?? (this.req.headers[':authority'] as string | undefined) ?? ''
    // Many proxies pass on what the client wrote here, so it counts only where there is a list to check it against.
    if (!this.connection.trusted || this.runtime.policy.setup.origins.length === 0) return own
    const forwarded = this.header('x-forwarded-host')
    if (forwarded === undefined) return own
    return forwarded.slice(forwarded.lastIndexOf(',') + 1).trim() || own
  }

  header(name: string): string | undefined {
    const value = this.req.headers[name]
    return typeof value === 'string' || value === undefined ? value : value.join(', ')
  }

  get status(): number {
    return this.res.statusCode
  }

  getHeader(name: string): string | readonly string[] | number | undefined {
    const out = this.out
    return out === undefined ? this.res.getHeader(name) : out[name.toLowerCase()]?.[1]
  }

  addMissing({ names, keys, values }: PreparedHeaders): void {
    const out = this.out
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string
      if (out === undefined) {
        if (!this.res.hasHeader(key)) this.res.setHeader(names[i] as string, values[i] as string)
      } else if (out[key] === undefined) out[key] = [names[i] as string, values[i] as string]
    }
  }

  setHeader(name: string, value: string | readonly string[]): void {
    const { out } = this
    // Anything that Node would refuse goes to Node, to be refused.
    if (out === undefined || typeof value !== 'string' || UNFIT.test(value)) this.res.setHeader(name, value as string)
    else out[name.toLowerCase()] = [name, value]
  }

  setPrepared(name: string, key: string, value: string): void {
    const { out } = this
    if (out === undefined) this.res.setHeader(name, value)
    else out[key] = [name, value]
  }

  removeHeader(name: string): void {
    this.res.removeHeader(name)
  }

  vary(names: string): void {
    const current = this.res.getHeader('vary')
    if (current === undefined) {
      this.res.setHeader('Vary', names)
      return
    }
    const there = String(current)
    if (there.trim() === '*') return
    const known = new Set(there.split(',').map((name) => name.trim().toLowerCase()))
    const missing = names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => !known.has(name.toLowerCase()))
    if (missing.length > 0) this.res.setHeader('Vary', `${there}, ${missing.join(', ')}`)
  }

  refuseLate(): void {
    if (this.lateRefusal || this.upgrade) return
    this.lateRefusal = true
    judgeFirstWrite(this)
  }

  report(event: ReportedEvent): void {
    this.runtime.publish(event, this)
  }
}

/** RFC 9112 section 6: over HTTP/1.1 a request has a body exactly when it says so by one of these two fields. */
function saysBody(req: IncomingMessage): boolean {
  // Over HTTP/2 it ends with its head, or it has a body; how long that is need not be said.
  const stream = streamOf(req)
  if (stream !== undefined) return !stream.endAfterHeaders
  const headers = req.headers
  const length = headers['content-length']
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined
}
