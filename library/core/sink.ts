import type { Exchange } from './exchange.ts'
import type { Denial } from './guard.ts'
import type { Mode } from './policy.ts'

/** Judges one kind of dangerous call, such as a query, against the untrusted input of the current exchange. */
export interface Sink<Call> {
  /** The name of the protection that it belongs to, which is also its key in a policy. */
  readonly name: string
  /** Deciding is pure and synchronous: it answers why the call must not happen. */
  judge(call: Call, untrusted: Untrusted): Denial | undefined
}

/** What a policy wants a sink to do: enforce, only observe, or nothing at all. */
export type Stance = Mode | 'off'

/** What the client of the current exchange sent, as text. Nothing is collected before it is first asked for. */
export interface Untrusted {
  /** Names the client roughly, for what must not be learned from one client alone. */
  readonly client: string
  /**
   * Every text of the target, the headers, the cookies and of the body as far as it has arrived: names and values, as they came
   * and decoded. Each only once; single letters and plain numbers are left out.
   */
  texts(): readonly string[]
  /**
   * Those of them that hold anything besides letters, digits and underscores: only they can be more than one word of a language.
   */
  structured(): readonly string[]
  /** The host that the client asked for, such as `app.example:8443`; empty when it sent none. */
  readonly host: string
  /**
   * What of it may name another machine: all texts, plain numbers too, but for what headers say of the way here (`Host`, `Forwarded`,
   * `X-Forwarded-For` and their like), which name the app and its proxies with every request.
   */
  named(): readonly string[]
  /**
   * What the client sent as lists and objects: the body, and JSON inside of texts and tokens. The list only grows.
   */
  values(): readonly unknown[]
  /** The pieces of the names of fields that lax parsers make objects of: `a`, `$ne` for `a[$ne]=1`. The set only grows. */
  names(): ReadonlySet<string>
  /**
   * What there was no room to take apart, as it came.
   *
   * **Security**: empty for honest requests; a sink must look for longer pieces of this text, since it may hold any text.
   */
  rest(): string
}

/** The exchange that a call belongs to, as far as sinks need it. */
export interface SinkExchange {
  readonly id: string
  readonly untrusted: Untrusted
  stanceOf(sink: string): Stance
  /** Whether its answer has left, or its client. */
  readonly isOver?: boolean
  report: Exchange['report']
}
