import { subscribe } from 'node:diagnostics_channel'
import { IncomingMessage, type Server } from 'node:http'
import type { ReportedEvent } from '../core/event.ts'
import type { SinkExchange, Stance, Untrusted } from '../core/sink.ts'
import { canonicalIp, clientKey } from '../toolbox/ip.ts'
import { enter } from './context.ts'
import { wrap } from './drivers/wrap.ts'
import { ClientTexts, type InputSource } from './untrusted.ts'

/** How much of a body is kept to be compared with what the app runs. */
const KEPT_BYTES = 1024 * 1024
const KEPT_CHUNKS = 64
const BARE: unique symbol = Symbol.for('bulwark.firewall.exchange') as never

type Carrier = IncomingMessage & { [BARE]?: BareExchange }
type Push = (this: IncomingMessage, chunk: Uint8Array | null, encoding?: BufferEncoding) => boolean

export interface BareOptions {
  readonly stance: Stance
  report(event: ReportedEvent, about: { id: string; method: string; path: string; ip: string }): void
  /** Called with each request, before the app is. */
  opened?(exchange: SinkExchange): void
  /** Called with each server, when its first request has come. */
  serving?(server: Server): void
}

/**
 * Carries every request of every server of `node:http` and `node:https` in this process, for apps that cannot be touched. Where the
 * app uses Bulwark itself, its own exchange takes the place of this one as soon as it is opened.
 */
export function carryEveryRequest(options: BareOptions): void {
  const servers = new WeakSet<Server>()
  seeBodies()
  subscribe('http.server.request.start', (message) => {
    const { request, server } = message as { request: Carrier; server: Server }
    if (options.serving !== undefined && !servers.has(server)) {
      servers.add(server)
      options.serving(server)
    }
    const exchange = new BareExchange(request, options)
    request[BARE] = exchange
    options.opened?.(exchange)
    enter(exchange)
  })
}

/**
 * Node hands each piece of a body to `push`. One for all messages stands in the place that they inherit it from: one on each of them would
 * make every access to them slower, as soon as a framework changes their prototype.
 */
function seeBodies(): void {
  const { prototype } = IncomingMessage
  const inherited = Object.getPrototypeOf(prototype) as { push: Push }
  const isInherited = !Object.hasOwn(prototype, 'push')
  wrap(prototype, 'push', (native) => {
    const push: Push = function (this: Carrier, chunk, encoding) {
      const exchange = this[BARE]
      if (exchange !== undefined) {
        enter(exchange)
        if (chunk !== null) exchange.keep(chunk)
      }
      // Whoever changes all streams later is still asked.
      return (isInherited ? inherited.push : native).call(this, chunk, encoding)
    }
    return push
  })
}

/** A request without a policy: only what sinks need to know of it. */
class BareExchange implements SinkExchange, InputSource {
  readonly target: string
  readonly rawHeaders: readonly string[]
  bodyBytes = 0
  bodyForSinks: Uint8Array[] = []
  readonly #request: IncomingMessage
  readonly #options: BareOptions
  #untrusted: Untrusted | undefined = undefined
  #id: string | undefined = undefined

  constructor(request: IncomingMessage, options: BareOptions) {
    this.#request = request
    this.#options = options
    // Frameworks rewrite the target while they look for a route.
    this.target = request.url ?? '/'
    this.rawHeaders = request.rawHeaders
  }

  get id(): string {
    return (this.#id ??= process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex'))
  }

  get untrusted(): Untrusted {
    return (this.#untrusted ??= new ClientTexts(this))
  }

  get client(): string {
    return clientKey(this.#ip)
  }

  get parsedBody(): unknown {
    return (this.#request as { body?: unknown }).body
  }

  get #ip(): string {
    const peer = this.#request.socket.remoteAddress ?? '127.0.0.1'
    return canonicalIp(peer) ?? peer
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return typeof value === 'string' || value === undefined ? value : value.join(', ')
  }

  stanceOf(): Stance {
    return this.#options.stance
  }

  report(event: ReportedEvent): void {
    const path = this.target.split('?', 1)[0] ?? ''
    const method = this.#request.method ?? 'GET'
    this.#options.report(event, { id: this.id, method, path: path.slice(0, 200), ip: this.#ip })
  }

  keep(chunk: Uint8Array): void {
    this.bodyBytes += chunk.length
    if (this.bodyBytes > KEPT_BYTES) return
    // A client may send a body byte by byte; what is kept of it must not grow by a list entry for each.
    if (this.bodyForSinks.length >= KEPT_CHUNKS) this.bodyForSinks = [Buffer.concat(this.bodyForSinks)]
    this.bodyForSinks.push(chunk)
  }
}
