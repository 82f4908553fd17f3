import type { KnownRoute } from './contract.ts'
import type { Awaitable, Exchange } from './exchange.ts'
import type { Setup } from './policy.ts'
import type { FieldError } from './schema.ts'

/** Why an exchange must not go on. Guards return it; only the runtime writes it. */
export interface Denial {
  readonly risk: string
  /** For events and logs. The client never sees it. */
  readonly reason: string
  readonly status: number
  /** What is wrong with the input, part of the problem document. **Security**: without anything that the client sent. */
  readonly errors?: readonly FieldError[]
  /** Sent with the problem document, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Ends the connection after the answer, because what follows on it cannot be trusted. */
  readonly close?: boolean
  /** No event is published: the guard itself tells of many refusals in one. @default false */
  readonly quiet?: boolean
}

/** A complete answer that is no refusal, such as the 204 to a CORS preflight. */
export interface Reply {
  readonly reply: number
  readonly headers?: Readonly<Record<string, string>>
}

export type Verdict = Denial | Reply | undefined

/** Refuses the exchange. */
export function deny(
  risk: string,
  reason: string,
  status = 403,
  more?: Pick<Denial, 'headers' | 'close' | 'errors' | 'quiet'>,
): Denial {
  return more ? { risk, reason, status, ...more } : { risk, reason, status }
}

/**
 * When a guard has its say, fixed by the product and not by the user. Inside one phase guards run by name.
 *
 * 1. `shape`: is this a request at all (path, host)
 * 2. `flood`: may this client send one more (limits)
 * 3. `origin`: may this site send it (CSRF, CORS)
 * 4. `access`: may this person do it
 * 5. `input`: is the content acceptable
 * 6. `answer`: what leaves (headers, cookies, errors)
 */
export type Phase = 'shape' | 'flood' | 'origin' | 'access' | 'input' | 'answer'

/**
 * Stops one kind of attack. Deciding is pure: a guard returns why not, and the runtime acts on it.
 * Each method is one stage; a guard has only those it needs, and answers synchronously wherever it can.
 */
export interface Guard {
  /** The folder's name. */
  readonly name: string
  readonly phase: Phase
  /** A connection was accepted. A denial closes it. */
  onConnection?(connection: Connection): Denial | undefined
  /** A connection that this guard let in has closed: called once for each. */
  onDisconnect?(connection: Connection): void
  /** The head has arrived. */
  onRequest?(x: Exchange): Awaitable<Verdict>
  /** The framework has matched the route; `x.contract` is known. */
  onRoute?(x: Exchange): Awaitable<Verdict>
  /**
   * The request comes to no route at all: what waited for one (`x.isDue`) is judged before any code of the app runs. A guard without this never
   * waits.
   */
  onUnrouted?(x: Exchange): Awaitable<Verdict>
  /** A body follows: returns what shall judge its bytes as they arrive, before any parser of the app sees them. */
  judgeBody?(x: Exchange): BodyJudge | Denial | undefined
  /** The status and headers are about to leave. A denial replaces the whole answer; it is honoured for redirects (status 3xx), and after `refuseLate()`. */
  onResponse?(x: Exchange): Denial | undefined
  /** A handler threw, or the framework failed to make sense of the request; the answer will have this status. */
  onError?(x: Exchange, error: unknown, status: number): void
  /** Every second, while at least one server is up: the open connections, for guards that watch time. */
  onTick?(now: number, connections: Iterable<Connection>): void
  /** The routes that are known when the app starts, and again with those added later. May throw to keep the app from starting. */
  onRoutes?(routes: readonly KnownRoute[]): void
  /** A handler answered although the exchange never passed the route layer. */
  onUncovered?(x: Exchange): void
  /** A server was attached. */
  onServer?(server: AttachedServer): void
  /** What `bulwark routes` and reports may show of it: plain data. */
  readonly facts?: unknown
  /** What the guard adds to `req.security`, each member made when first asked for. */
  readonly offers?: Readonly<Record<string, (x: Exchange) => unknown>>
}

/** What a guard may do with the server that carries the app. */
export interface AttachedServer {
  /** Stops accepting, lets running exchanges finish for up to `ms` milliseconds, then closes what is left. */
  drain(ms: number): Promise<void>
  /** Node's own timeouts, in milliseconds, for guards that tighten them. */
  setTimeouts(timeouts: { readonly headers?: number; readonly request?: number; readonly keepAlive?: number }): void
}

/** Judges one body as its bytes arrive. */
export interface BodyJudge {
  /** Whether the app gets the body only when all of it has been judged. The judge must then bound what it lets arrive. @default false */
  readonly holdsBack?: boolean
  onChunk(chunk: Uint8Array): Denial | undefined
  onEnd?(): Denial | undefined
}

/** One accepted TCP or TLS connection. */
export interface Connection {
  /** The peer's own address; behind a proxy that is the proxy. */
  readonly ip: string
  readonly client: string
  /** Milliseconds since the epoch at which it was accepted. */
  readonly since: number
  /** When the head that is being waited for started to be due; 0 while an exchange is going on. */
  readonly headSince: number
  /** When the body that is being received started; 0 when none is. */
  readonly bodySince: number
  /** Bytes of that body that have arrived. */
  readonly bodyBytes: number
  /** Bytes received so far, over the whole connection. */
  readonly bytesRead: number
  /** What a guard keeps for the length of the connection, by the guard's own name. */
  readonly notes: Map<string, unknown>
  /** Whether the peer is one of the policy's proxies, which legitimately opens many connections. */
  readonly trusted: boolean
  /** Answers with a problem document if none is on its way, and closes. */
  end(denial: Denial): void
}

/** Makes a guard from its part of the policy. Called once, at start-up; throws `BulwarkError` on bad options. */
export type GuardFactory<Options> = (options: Options, setup: Setup) => Guard
