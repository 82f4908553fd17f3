import type { ReportedEvent, SecurityEvent } from './event.ts'
import type { Exchange } from './exchange.ts'
import type { KeyRing } from './keys.ts'
import type { FieldError } from './schema.ts'
import type { Store } from './store.ts'
import type { Uploads } from './upload.ts'

export type Mode = 'enforce' | 'observe'

/** A protection turned off, with the reason that `bulwark explain` and every report will show. */
export interface Off {
  readonly off: string
}

/**
 * Turns a protection off.
 * **Security**: the reason is listed wherever the policy is shown; an empty one is refused at start-up.
 */
export function off(reason: string): Off {
  return { off: reason }
}

export function isOff(part: unknown): part is Off {
  return typeof part === 'object' && part !== null && typeof (part as Off).off === 'string'
}

/** What every protection's options may carry besides its own. */
export interface CommonOptions {
  /** `observe` reports what would have been denied and lets it pass. @default the policy's own mode */
  readonly mode?: Mode
}

/** The part of a policy that belongs to no single protection. */
export interface PolicyBase {
  /** The app's name: it names cookies and events. @default 'app' */
  readonly app?: string
  /**
   * The public origins of the app, such as `['https://journal.example']`: one list for CSRF, CORS, redirects and WebSocket.
   * @default [] (the origin is whatever the Host header says)
   */
  readonly origins?: readonly string[]
  /**
   * Who may speak for the client's address: `'none'`, CIDR blocks, or a preset's name.
   * **Security**: never "trust all", never a number of hops.
   * @default 'none'
   */
  readonly proxies?: 'none' | ProxyPreset | readonly string[]
  /**
   * Secrets that everything signed or sealed follows from: texts of at least 32 random characters, newest first (old ones still open what
   * they signed), or a ring from `openKeyFile` that is rotated while the app runs.
   *
   * **Security**: what is short or repeats itself keeps the app from starting; so does a sentence or the sample of a tutorial in production.
   */
  readonly keys?: string | readonly string[] | KeyRing | undefined
  /** Memory shared by processes. @default in this process only */
  readonly store?: Store
  /** @default 'enforce' */
  readonly mode?: Mode
  /** What happens when a guard breaks or its store is away. An event is published either way. @default 'deny' */
  readonly onFailure?: 'deny' | 'allow'
  /**
   * What somebody with a browser gets in place of a problem document: a page of the app's own, or the way to one, such as the sign-in.
   * Asked for refusals and failures of requests that accept HTML; `undefined` leaves the problem document.
   *
   * **Security**: the status (but for a way), the event and everything that guards put on an answer stay as they are. Should it throw, the
   * problem document goes out, with an event.
   * @default none
   */
  readonly page?: (refusal: Refusal) => RefusalPage | undefined
  /** Called for each event, besides the diagnostics channel `bulwark:event`. @default one line on standard error */
  readonly onEvent?: (event: SecurityEvent) => void
}

/** A request that is refused or has failed, as far as its sender may know. */
export interface Refusal {
  readonly status: number
  /** Names the exchange in the events: worth showing, so that people can tell it. */
  readonly incident: string
  readonly method: string
  /** The request target as it was sent. **Security**: the client wrote it. */
  readonly target: string
  /** What is wrong with the input, where that is why. */
  readonly errors: readonly FieldError[]
}

/** A whole HTML document, or a path of the app itself to go to instead (303). */
export type RefusalPage = { readonly html: string } | { readonly location: string }

/** Address ranges of well-known proxies: `loopback` (this machine), `private` (RFC 1918, 4193, 6598), `cloudflare`. */
export type ProxyPreset = 'loopback' | 'private' | 'cloudflare'

/** The facts of the policy that guards share, handed to each factory once at start-up. */
export interface Setup {
  readonly app: string
  /** Checked and normalised: scheme, host and port only. */
  readonly origins: readonly string[]
  /** The keys, which may change while the app runs: see {@link KeyRing.version}. */
  readonly ring: KeyRing
  /** The secrets of the ring that open something now, the active one first. */
  readonly keys: readonly string[]
  readonly store: Store
  readonly binding: Binding
  readonly bodies: Bodies
  readonly uploads: Uploads
  readonly mode: Mode
  readonly production: boolean
  /** Milliseconds since the epoch; tests hand in their own clock. */
  now(): number
  /** Publishes an event of start-up, one that belongs to no exchange. */
  report(event: ReportedEvent): void
}

/** How much of a form or JSON body is kept for the guards, in bytes. A guard that needs more sets it while the routes become known. */
export interface Bodies {
  /** @default 65536 */
  kept: number
}

/** What one visitor's tokens are bound to. Whoever keeps the sessions fills it in while the guards are made. */
export interface Binding {
  /** A hash of the session's id as it is now: another one after each sign-in, sign-out and rotation. `undefined` without a session. */
  of(x: Exchange): string | undefined
}
