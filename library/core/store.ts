import type { Awaitable } from './exchange.ts'

/** Memory that outlives a request and is shared by processes. Every verb is atomic and every value expires. */
export interface Store {
  readonly name: string
  /** Whether other processes see what this one writes. */
  readonly shared: boolean
  get(key: string): Awaitable<Entry | undefined>
  /**
   * Writes a value and answers its new version, or `undefined` when `expected` is given and is not the current one.
   * `expected: 0` means that the key must not exist.
   */
  put(key: string, value: string, options: PutOptions): Awaitable<number | undefined>
  /** Deletes the value and forgets the limit of the key; answers whether there was a value. */
  delete(key: string): Awaitable<boolean>
  /**
   * Takes from a rate limit (generic cell rate algorithm), in one round trip, exact under concurrency.
   * A cost of 0 only looks; a cost below 0 gives back. @default 1
   */
  take(key: string, rate: Rate, cost?: number): Awaitable<Taken>
  /** The live keys that were put under this owner, such as all sessions of a user. */
  keysOf(owner: string): Awaitable<readonly string[]>
  /** Deletes everything that was put under this owner and answers how much that was. */
  deleteAllOf(owner: string): Awaitable<number>
  close?(): Awaitable<void>
}

export interface Entry {
  readonly value: string
  readonly version: number
}

export interface PutOptions {
  /** Milliseconds to live. */
  readonly ttl: number
  readonly expected?: number
  readonly owner?: string
}

/** `burst` requests at once, refilled evenly over `period`. */
export interface Rate {
  readonly burst: number
  /** Milliseconds in which the whole burst comes back. */
  readonly period: number
}

export interface Taken {
  readonly allowed: boolean
  /** Whole requests left right now. */
  readonly remaining: number
  /** Milliseconds until one more is allowed, or, after a refusal, until the same cost is; 0 when it is now. */
  readonly retryAfter: number
  /** Milliseconds until the whole burst is back. */
  readonly resetAfter: number
}
