import type { Contract } from '../../core/contract.ts'
import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { parseSize } from '../../toolbox/size.ts'
import { Body } from './body.ts'
import { type BodyLimits, compileLimits, DEFAULTS, type Limits, widest } from './limits.ts'
import { judgeQuery } from './query.ts'

export type { BodyLimits, Encoding } from './limits.ts'

export interface BodyLimitsOptions extends CommonOptions, BodyLimits {
  /** Length of a query string. @default '8kb' */
  readonly query?: string | number
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** Limits of this route's body, wider or narrower than the app's; what is left out stays as it is for the app. */
    readonly bodyLimits?: BodyLimits
  }
}

/**
 * Refuses bodies that are too large, too deep, too split up, ambiguous or of an unexpected type, and keys that reach prototypes, while the
 * bytes arrive and before any parser sees them. Also judges query strings.
 *
 * Bytes that arrive before the route is known are held to the widest limits that any known route declares, and to its own as soon as it is
 * known.
 *
 * **Security**: CWE-770, CWE-409, CWE-674, CWE-1321, CWE-436; ASVS 5.2.1, 5.2.3, 15.2.2, 15.3.6, 1.5.3.
 * @throws BulwarkError `BULWARK_SIZE_INVALID`, `BULWARK_LIMIT_INVALID`, `BULWARK_POLICY_INVALID`
 */
export function bodyLimits(options: BodyLimitsOptions, _setup: Setup): Guard {
  const base = compileLimits(options, DEFAULTS, 'policy.bodyLimits')
  const longestQuery = checkQuery(options.query ?? '8kb')
  const byContract = new WeakMap<Contract, Limits>()
  let wide = base

  const limitsFor = (contract: Contract | undefined): Limits => {
    if (contract?.bodyLimits === undefined) return base
    let limits = byContract.get(contract)
    if (limits === undefined) {
      limits = compileLimits(contract.bodyLimits, base, 'secure({ bodyLimits })')
      byContract.set(contract, limits)
    }
    return limits
  }
  // In front of a route nobody knows yet what that one takes, unless a contract for many paths says it for all.
  const limitsOf = (x: Exchange): Limits =>
    x.decided || x.contract?.bodyLimits !== undefined ? limitsFor(x.contract) : wide

  return {
    name: 'body-limits',
    phase: 'input',
    onRoutes(routes) {
      for (const { contract } of routes)
        if (contract?.bodyLimits !== undefined) wide = widest(wide, limitsFor(contract))
    },
    onRequest(x) {
      const { target } = x.request
      const at = target.indexOf('?')
      return at === -1 ? undefined : judgeQuery(target, at, base, longestQuery)
    },
    judgeBody(x) {
      const body = new Body(x, limitsOf)
      x.notes.set('body-limits', body)
      return body
    },
    onRoute(x) {
      if (!x.request.hasBody) return undefined
      const body = x.notes.get('body-limits')
      return body instanceof Body ? body.enterRoute() : undefined
    },
  }
}

function checkQuery(value: string | number): number {
  const length = parseSize(value)
  if (length !== undefined && length > 0) return length
  throw new BulwarkError('BULWARK_SIZE_INVALID', `"${String(value)}" is no length of a query`, {
    at: 'policy.bodyLimits.query',
    fix: "write it like '8kb', or as a number of characters above 0",
  })
}
