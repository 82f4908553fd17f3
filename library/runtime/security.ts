import type { ReportedEvent } from '../core/event.ts'
import type { Guard } from '../core/guard.ts'
import type { Security } from '../core/security.ts'
import type { HttpExchange } from './exchange.ts'

/** Builds the class behind `req.security` once per policy: the common members, and what the policy's guards offer. */
export function securityClass(guards: readonly Guard[]): new (x: HttpExchange) => Security {
  class ExchangeSecurity implements SecurityBase {
    readonly #x: HttpExchange
    #made: Map<string, unknown> | undefined = undefined

    constructor(x: HttpExchange) {
      this.#x = x
    }

    get id(): string {
      return this.#x.id
    }

    get ip(): string {
      return this.#x.ip
    }

    get nonce(): string {
      return this.#x.nonce
    }

    event(event: Omit<ReportedEvent, 'guard'> & { readonly guard?: string }): void {
      this.#x.report({ guard: 'app', ...event })
    }

    static {
      for (const guard of guards) {
        for (const [name, make] of Object.entries(guard.offers ?? {})) {
          Object.defineProperty(ExchangeSecurity.prototype, name, {
            enumerable: true,
            get(this: ExchangeSecurity): unknown {
              this.#made ??= new Map()
              if (!this.#made.has(name)) this.#made.set(name, make(this.#x))
              return this.#made.get(name)
            },
          })
        }
      }
    }
  }
  // The members that guards offer are defined on the prototype above; their types come from declaration merging.
  return ExchangeSecurity as unknown as new (
    x: HttpExchange,
  ) => Security
}

type SecurityBase = Pick<Security, 'id' | 'ip' | 'nonce' | 'event'>
