import type { KnownRoute } from './contract.ts'

/**
 * - `denied`: a guard stopped the exchange
 * - `observed`: a guard would have stopped it, but the policy only observes
 * - `reported`: worth knowing; nothing was stopped
 * - `failed`: a guard or its store broke; `onFailure` decided what happened
 */
export type EventOutcome = 'denied' | 'observed' | 'reported' | 'failed'

/** What a guard or sink did: the one thing the runtime logs. Secrets never enter an event. */
export interface SecurityEvent {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The protection that speaks. */
  readonly guard: string
  readonly risk: string
  /** What happened, in one sentence without client-controlled text. */
  readonly reason: string
  readonly outcome: EventOutcome
  /** What to change in the policy or the app, where something should change. */
  readonly fix?: string
  /** Same as the incident id in the client's problem document. Missing for events of start-up. */
  readonly request?: { readonly id: string; readonly method: string; readonly path: string; readonly ip: string }
  readonly route?: KnownRoute
  /** The id of the person behind the request, where a guard has found out. */
  readonly user?: string
  /** The error that a handler threw. Stays inside the process: reporters must not send it to clients. */
  readonly error?: unknown
}

/** What a guard hands to `report`; the runtime adds the rest. */
export interface ReportedEvent {
  readonly guard: string
  readonly risk: string
  readonly reason: string
  readonly fix?: string
  readonly outcome?: EventOutcome
  readonly error?: unknown
}
