import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { SecurityEvent } from '../core/event.ts'

/** Watches for routes that answer about an object without anybody having asked whether the person may have it. */
export interface UndecidedWatch {
  /** Such as `GET /posts/:id`, each once. */
  readonly routes: readonly string[]
  /** Throws an error that names them, if there are any. */
  check(): void
  /** Ends watching. */
  stop(): void
}

/**
 * Starts to watch, in this process: call `check()` when the tests are done.
 *
 * ```ts
 * const watch = watchUndecided()
 * afterAll(() => watch.check())
 * ```
 */
export function watchUndecided(): UndecidedWatch {
  const routes: string[] = []
  const listen = (message: unknown): void => {
    const { risk, route, request } = message as SecurityEvent
    if (risk !== 'undecided-answer') return
    const at = route?.at === undefined ? '' : `  ${route.at}`
    const line = `${route?.method ?? request?.method} ${route?.path ?? request?.path}${at}`
    if (!routes.includes(line)) routes.push(line)
  }
  subscribe('bulwark:event', listen)
  return {
    routes,
    check() {
      if (routes.length === 0) return
      throw new Error(
        `${routes.length} ${routes.length === 1 ? 'route' : 'routes'} answered without can(), assert(), scope() or fields():\n  ${routes.join('\n  ')}`,
      )
    },
    stop() {
      unsubscribe('bulwark:event', listen)
    },
  }
}
