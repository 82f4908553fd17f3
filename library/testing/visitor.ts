import type { Contract } from '../core/contract.ts'
import type { ReportedEvent } from '../core/event.ts'
import type { Awaitable, Exchange } from '../core/exchange.ts'
import type { Denial } from '../core/guard.ts'
import type { Security } from '../core/security.ts'
import { compilePolicy, type Policy } from '../runtime/policy.ts'
import { parseSetCookie } from '../toolbox/cookies.ts'
import { exchange } from './exchange.ts'

export interface VisitParts {
  /** Of the matched route, where the visit is to one. */
  readonly contract?: Contract
  /** What the exchange shall have besides, such as `req` under an adapter. */
  readonly also?: object
}

/** One browser: keeps cookies, and reaches code that wants `req.security` without a server in between. */
export interface Visitor {
  /**
   * Runs the function as a handler would run in one request, and keeps the cookies of the answer.
   *
   * Throws an error with the `denial` when a guard that offers something to handlers refuses the request.
   */
  visit<T>(run: (security: Security, x: Exchange) => Awaitable<T>, parts?: VisitParts): Promise<T>
  /** Cookies by name. Another browser with a copy of them is what a thief has. */
  readonly cookies: Map<string, string>
  /** What was reported during the visits. */
  readonly events: ReportedEvent[]
  readonly ip: string
}

/**
 * Makes visitors of an app with this policy, for tests of what handlers do with `req.security`.
 *
 * ```ts
 * const visitor = visitorsOf({ app: 'journal', store })
 * const ann = visitor()
 * await ann.visit((security) => security.session.signIn({ id: 'ann' }))
 * ```
 *
 * Only guards that offer something to handlers take part; `now` is the clock of all of them.
 */
export function visitorsOf(policy: Policy, now: () => number = Date.now): (ip?: string) => Visitor {
  const compiled = compilePolicy({ ...policy, onEvent: policy.onEvent ?? (() => {}) }, now)
  const guards = compiled.guards.map(({ guard }) => guard).filter(({ offers }) => offers !== undefined)
  const url = `${compiled.setup.origins[0] ?? 'https://app.example'}/`
  let last = 0

  return (ip = `203.0.113.${++last % 250}`) => {
    const cookies = new Map<string, string>()
    const events: ReportedEvent[] = []

    const open = (parts: VisitParts): Exchange & { sent: Map<string, string | readonly string[]> } => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const x = exchange({ url, ip, contract: parts.contract, headers: { cookie: cookie === '' ? undefined : cookie } })
      return Object.assign(x, parts.also, { report: (event: ReportedEvent) => void events.push(event) })
    }

    return {
      cookies,
      events,
      ip,
      async visit(run, parts = {}) {
        const x = open(parts)
        for (const guard of guards) {
          refuse(await guard.onRequest?.(x))
          if (parts.contract !== undefined) refuse(await guard.onRoute?.(x))
        }
        try {
          return await run(securityOf(x, guards), x)
        } finally {
          for (const guard of guards) guard.onResponse?.(x)
          const lines = x.sent.get('set-cookie') ?? []
          for (const line of typeof lines === 'string' ? [lines] : lines) keepCookie(cookies, line)
        }
      },
    }
  }
}

function securityOf(
  x: Exchange,
  guards: readonly { readonly offers?: Readonly<Record<string, (x: Exchange) => unknown>> }[],
) {
  const security: object = {
    id: x.id,
    ip: x.request.ip,
    nonce: x.nonce,
    event: (event: Omit<ReportedEvent, 'guard'> & { readonly guard?: string }) => x.report({ guard: 'app', ...event }),
  }
  for (const { offers = {} } of guards) {
    for (const [name, make] of Object.entries(offers)) {
      const made: unknown[] = []
      Object.defineProperty(security, name, {
        enumerable: true,
        get: () => (made.length === 0 ? made.push(make(x)) && made[0] : made[0]),
      })
    }
  }
  // The members that guards offer are defined above; their types come from declaration merging.
  return security as Security
}

function refuse(verdict: unknown): void {
  if (typeof verdict !== 'object' || verdict === null || !('reason' in verdict)) return
  const denial = verdict as Denial
  throw Object.assign(new Error(`refused: ${denial.reason}`), { denial })
}

function keepCookie(cookies: Map<string, string>, line: string): void {
  const cookie = parseSetCookie(line)
  if (cookie.attributes.get('max-age') === '0') cookies.delete(cookie.name)
  else cookies.set(cookie.name, cookie.value)
}
