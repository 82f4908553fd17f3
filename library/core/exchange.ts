import type { Contract, KnownRoute } from './contract.ts'
import type { ReportedEvent } from './event.ts'

/** A value, or the promise of one. Guards answer at once wherever they can. */
export type Awaitable<T> = T | PromiseLike<T>

/** One HTTP request on its way to a response. The same shape under every framework. */
export interface Exchange {
  /** Names this exchange in problem documents, events and logs. Made when first asked for. */
  readonly id: string
  readonly request: RequestHead
  readonly response: ResponseHead
  /** What the matched route declared; `undefined` until the framework has matched the route. */
  readonly contract: Contract | undefined
  /** The matched route as the framework registered it, where that is known. */
  readonly route: KnownRoute | undefined
  /** It is known by now to which route the request comes, or that it comes to none. */
  readonly decided: boolean
  /**
   * Whether this guard's verdict has to wait, because a route that the request may come to declares an exemption from it. It is judged when the
   * route is known (see `isDue`), and a guard from which no such route is exempt judges at once.
   */
  waits(guard: string): boolean
  /** Whether the route is known by now for which this guard's verdict had to wait: for `onRoute` and `onUnrouted`. */
  isDue(guard: string): boolean
  /** What the framework found in the path of the matched route, such as `{ id: '7' }`; empty until then, and under plain `node:http`. */
  readonly params: Readonly<Record<string, string>>
  /** The id of who is behind it, set by the guard that finds out; its events name it. */
  user: string | undefined
  /**
   * The nonce that this response's Content-Security-Policy allows. Made when first asked for.
   * **Security**: 128 random bits, never the same for two responses.
   */
  readonly nonce: string
  /** Whether anything asked for the nonce so far. */
  readonly hasNonce: boolean
  /** What a guard keeps for the length of this exchange, by the guard's own name. */
  readonly notes: Map<string, unknown>
  /** Lets `onResponse` refuse the answer whatever its status. To be called before the app answers. */
  refuseLate(): void
  /** Calls back once, when the answer has ended or its connection is gone. */
  onClose(callback: () => void): void
  /** Publishes an event about this exchange: something worth knowing that denies nothing. */
  report(event: ReportedEvent): void
}

export interface RequestHead {
  readonly method: string
  /** The request target as it was sent, such as `/a%2fb?c=d`. Never decoded, never rewritten. */
  readonly target: string
  /** The part of the target before `?`, as it was sent. */
  readonly path: string
  /** As the browser sees it: proxy headers already judged. Parsed when first asked for; keep it off the hot path. */
  readonly url: URL
  /** Whether the browser spoke HTTPS, to us or to a trusted proxy. */
  readonly secure: boolean
  /** Whether one of the policy's proxies handed it on, so that its word about how the request began counts. */
  readonly proxied: boolean
  /** The host that the browser asked for, such as `app.example:8443`; empty when the client sent none. */
  readonly host: string
  /** The client's address by the policy's `proxies`; never a raw header. */
  readonly ip: string
  /** What limits count by: the IPv4 address, or the /64 of an IPv6 address. */
  readonly client: string
  /**
   * The host names and URIs of the client's certificate, where the connection asked for one and it was found good (mutual TLS); otherwise
   * empty. Behind a proxy that ends TLS it is the proxy's.
   */
  readonly certificateNames: readonly string[]
  /** A WebSocket or other upgrade. */
  readonly upgrade: boolean
  /** Whether the request says that a body follows. */
  readonly hasBody: boolean
  /** One header by its lower-case name; repeats are joined the way Node joins them. */
  header(name: string): string | undefined
  /** Header names and values as they came, alternating: for guards that look for repeats. */
  readonly rawHeaders: readonly string[]
  /** The bytes of a form or JSON body that have arrived so far, up to 64 kB: for guards that compare what leaves with what came. */
  readonly bodySoFar: readonly Uint8Array[]
  /**
   * The beginning of the body, up to 64 kB of it, as soon as that much has arrived or the body has ended. While somebody waits for it, the
   * app gets nothing of what arrives.
   */
  bodyStart(): Awaitable<readonly Uint8Array[]>
  /** How many bytes of the body have arrived. */
  readonly bodyBytes: number
  /**
   * Takes the body for a guard, as it arrives and no faster than it is read; the app finds it empty. Throws when the client goes or the body is
   * refused.
   *
   * @throws BulwarkError `BULWARK_ADAPTER_MISUSED` when somebody has read it before
   */
  takeBody(): AsyncIterable<Uint8Array>
}

export interface ResponseHead {
  readonly status: number
  getHeader(name: string): string | readonly string[] | number | undefined
  setHeader(name: string, value: string | readonly string[]): void
  removeHeader(name: string): void
  /** Sets those that the app has not set itself. Cheaper than one by one. */
  addMissing(headers: PreparedHeaders): void
  /**
   * Sets one that was put together from parts which were checked when the app started, and a nonce. `key` is the name in lower case.
   * **Security**: nothing looks at the value again, so nothing of a request may be in it.
   */
  setPrepared(name: string, key: string, value: string): void
  /** Adds names to `Vary`, each once. */
  vary(names: string): void
}

/**
 * Headers that were checked and put into order when the app started.
 * **Security**: nothing looks at the values again, so nothing of a request may be in them.
 */
export interface PreparedHeaders {
  readonly names: readonly string[]
  /** The names in lower case. */
  readonly keys: readonly string[]
  readonly values: readonly string[]
}
