import type { AttachedServer } from '../../core/guard.ts'
import type { Setup } from '../../core/policy.ts'
import { shared } from '../../firewall/shared.ts'

/** What one policy wants to happen when nobody catches an error. */
export interface ProcessPlan {
  readonly setup: Setup
  readonly exit: boolean
  /** Milliseconds that running exchanges get to finish. */
  readonly drain: number
}

/** One for the process, however many servers and policies live in it. */
const state = shared('errors', () => ({
  servers: new Map<AttachedServer, ProcessPlan>(),
  isInstalled: false,
  isEnding: false,
}))

/**
 * Lets an error that nobody caught end the process in good order: an event, time for the other exchanges to finish, exit code 1.
 * An app that listens for such errors itself has its own way, and keeps it.
 */
export function guardProcess(server: AttachedServer, plan: ProcessPlan): void {
  if (!state.isInstalled) {
    if (process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection') > 0) return
    state.isInstalled = true
    process.on('uncaughtException', (error) => void onLost(error, 'uncaughtException', 'an error that nobody caught'))
    process.on(
      'unhandledRejection',
      (error) => void onLost(error, 'unhandledRejection', 'a rejected promise that nobody awaited'),
    )
  }
  state.servers.set(server, plan)
}

async function onLost(error: unknown, event: 'uncaughtException' | 'unhandledRejection', what: string): Promise<void> {
  // A second one while the process is ending: what is left of it cannot be trusted to end in order.
  if (state.isEnding) process.exit(1)
  const plans = [...new Set(state.servers.values())]
  const others = process.listenerCount(event) > 1
  const exit = !others && plans.every((plan) => plan.exit)
  state.isEnding = exit
  const [first] = plans
  first?.setup.report({
    guard: 'errors',
    risk: 'unhandled-failure',
    reason: exit ? `${what}; the process ends, since its state is unknown` : `${what}; the process goes on`,
    fix: 'catch the error where it can be handled; the stack shows where it was thrown',
    error,
  })
  if (!exit) return
  const longest = Math.max(0, ...plans.map(({ drain }) => drain))
  // Not unref'd: this timer is what ends the process when a server does not.
  setTimeout(() => process.exit(1), longest + 500)
  await Promise.allSettled([...state.servers].map(([server, { drain }]) => server.drain(drain)))
  process.exit(1)
}
