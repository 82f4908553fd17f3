import { channel } from 'node:diagnostics_channel'
import type { KnownRoute } from '../core/contract.ts'
import type { KeyState } from '../core/keys.ts'
import type { Mode } from '../core/policy.ts'
import { shared } from '../firewall/shared.ts'
import type { CompiledPolicy } from './policy.ts'

/** What a protected app may show of itself: plain data, and no secrets. */
export interface ProtectedApp {
  readonly name: string
  /** What guards show of themselves, by their names. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly mode: Mode
  readonly onFailure: 'deny' | 'allow'
  readonly origins: readonly string[]
  /** Every protection, by name: what it does, and why it does nothing. */
  readonly protections: readonly ShownProtection[]
  /** The keys that are there now. */
  keys(): readonly ShownKey[]
  /**
   * The routes that are known by now; `undefined` where the adapter knows none.
   * @param app What the app's own file exports: Hono does not tell its middleware which app it is in.
   */
  routes(app?: unknown): readonly KnownRoute[] | undefined
}

export interface ShownProtection {
  readonly name: string
  readonly state: Mode | 'off'
  /** Why it is off, in the policy's words. */
  readonly reason?: string
}

export interface ShownKey {
  readonly id: string
  readonly state: KeyState
  /** Milliseconds since the epoch, where the key says so. */
  readonly created?: number
}

const bus = channel('bulwark:app')

// Held weakly: a policy that nobody uses any more, such as one of a test, is not kept by having been made.
const known = shared('apps', () => ({ apps: [] as WeakRef<ProtectedApp>[] }))

export function toProtectedApp(policy: CompiledPolicy, routes: ProtectedApp['routes']): ProtectedApp {
  const { setup, guards, off, onFailure } = policy
  const shown = guards.filter(({ guard }) => guard.facts !== undefined)
  return {
    name: setup.app,
    facts: Object.fromEntries(shown.map(({ guard }) => [guard.name, guard.facts])),
    mode: setup.mode,
    onFailure,
    origins: setup.origins,
    protections: [
      ...guards.map(({ guard, observe }) => ({ name: guard.name, state: observe ? 'observe' : 'enforce' }) as const),
      ...off.map(({ name, reason }) => ({ name, state: 'off', reason }) as const),
    ].sort((a, b) => (a.name < b.name ? -1 : 1)),
    keys: () =>
      setup.ring.keys.map(({ id, state, created }) => ({ id, state, ...(created !== undefined && { created }) })),
    routes,
  }
}

/** Says on `bulwark:app` that an app is protected, and keeps it for whoever asks later. */
export function announce(app: ProtectedApp): void {
  known.apps = known.apps.filter((one) => one.deref() !== undefined)
  known.apps.push(new WeakRef(app))
  if (bus.hasSubscribers) bus.publish(app)
}

/**
 * The apps that a policy protects in this process, in the order in which their policies were made.
 *
 * **Security**: names and states, and the reasons of the policy. No secret is in it, but it tells an attacker what is off.
 */
export function protectedApps(): readonly ProtectedApp[] {
  return known.apps.map((one) => one.deref()).filter((app) => app !== undefined)
}
