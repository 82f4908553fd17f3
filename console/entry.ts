import type { EventOutcome, SecurityEvent } from 'bulwark'
import { toVisible } from './visible.ts'

/** An event as the console keeps it: cut to a bounded size, and with nothing in it that holds a request or an error alive. */
export interface Entry {
  /** Counts the events of this process. */
  readonly n: number
  readonly at: number
  readonly outcome: EventOutcome
  readonly guard: string
  readonly risk: string
  readonly reason: string
  readonly fix?: string
  readonly incident?: string
  readonly method?: string
  /** **Security**: the client wrote it. */
  readonly path?: string
  readonly ip?: string
  /** The route as the app has registered it. */
  readonly route?: string
  readonly user?: string
  /** The kind of error that was thrown. Its message may hold what clients or databases said. */
  readonly error?: string
}

export const OUTCOMES: readonly EventOutcome[] = ['denied', 'observed', 'reported', 'failed']

/** What somebody else publishes on the channel is no event of ours. */
export function isSecurityEvent(message: unknown): message is SecurityEvent {
  const { at, guard, risk, reason, outcome } = (message ?? {}) as Partial<Record<keyof SecurityEvent, unknown>>
  return (
    Number.isFinite(at) &&
    typeof guard === 'string' &&
    typeof risk === 'string' &&
    typeof reason === 'string' &&
    OUTCOMES.includes(outcome as EventOutcome)
  )
}

export function toEntry(event: SecurityEvent, n: number): Entry {
  const { request, route, error } = event
  return {
    n,
    at: event.at,
    outcome: event.outcome,
    guard: toVisible(event.guard, 64),
    risk: toVisible(event.risk, 64),
    reason: toVisible(event.reason),
    ...(event.fix !== undefined && { fix: toVisible(event.fix) }),
    ...(request && {
      incident: toVisible(request.id, 64),
      method: toVisible(request.method, 20),
      path: toVisible(request.path, 200),
      ip: toVisible(request.ip, 64),
    }),
    ...(route && { route: toVisible(`${route.method} ${route.path}`, 200) }),
    ...(event.user !== undefined && { user: toVisible(event.user, 100) }),
    ...(error !== undefined && { error: toVisible(error instanceof Error ? error.name : typeof error, 64) }),
  }
}
