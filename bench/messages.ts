import type { Window } from './numbers.ts'

/** What the load generator is told to send, and what it must get back. */
export interface LoadOrder {
  readonly port: number
  /** One whole request, head and body. */
  readonly request: string
  readonly status: number
  readonly prefix: string
  readonly suffix: string
  readonly connections: number
  /** At least so long, and up to three times so long to reach `warmRequests`. */
  readonly warmSeconds: number
  readonly warmRequests: number
  readonly seconds: number
  /** The load ends early when this many requests have been answered. */
  readonly maxRequests: number
}

export interface LoadResult {
  readonly requests: number
  /** That the requests took, without the warm-up. */
  readonly seconds: number
  readonly p50: number
  readonly p99: number
}

export type ServerOrder = 'start' | 'stop'

/** From the server: its port once it listens, and the windows that it measured between `start` and `stop`. */
export type ServerNews = { readonly port: number } | { readonly windows: readonly Window[] } | Failure

/** From the load generator: the warm-up is over; all is over. */
export type LoadNews = { readonly warm: true } | { readonly result: LoadResult } | Failure

export interface Failure {
  readonly failure: string
}

/** Sends to the process that started this one. */
export function tell(news: ServerNews | LoadNews): void {
  if (process.send === undefined) throw new Error('this program is started by main.js and not by hand')
  process.send(news)
}

/** The message of an error, with those of its causes. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}\n  because: ${describe(error.cause)}`
}
