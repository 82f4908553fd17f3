import type { Contract } from './contract.ts'
import type { Route } from './probe.ts'
import type { Security } from './security.ts'

/**
 * An app small enough to fall to one attack, written once and served on every framework.
 * It looks like the Express API on purpose: rules read victims as they read apps.
 */
export type Victim = (app: VictimApp) => void

export interface VictimApp {
  get(path: string, handler: VictimHandler, about?: AboutRoute): void
  post(path: string, handler: VictimHandler, about?: AboutRoute): void
  put(path: string, handler: VictimHandler, about?: AboutRoute): void
  delete(path: string, handler: VictimHandler, about?: AboutRoute): void
  /** A WebSocket endpoint that greets whoever connects. */
  upgrade(path: string): void
}

/** How to send an honest request to the route, and what the route declares when Bulwark is on. */
export interface AboutRoute extends Partial<Omit<Route, 'method' | 'path'>> {
  /** The path to request when the pattern has parameters. */
  readonly sample?: string
  readonly contract?: Contract
}

export type VictimHandler = (req: VictimRequest, res: VictimResponse) => unknown

export interface VictimRequest {
  readonly method: string
  /** The target as sent. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Parsed JSON or form fields, by the framework's own parser. */
  readonly body: Record<string, unknown>
  readonly ip: string
  /** What Bulwark gives the route, where it is on. */
  readonly security?: Security | undefined
}

export interface VictimResponse {
  status(code: number): VictimResponse
  set(name: string, value: string | string[]): VictimResponse
  /** A string goes out as HTML unless a content type was set. */
  send(body: string | object): void
  json(body: unknown): void
  redirect(location: string): void
  end(): void
}
