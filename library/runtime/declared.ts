import type { Contract, KnownRoute } from '../core/contract.ts'
import { BulwarkError } from '../core/errors.ts'
import { refuseUnknown } from '../core/unknown-key.ts'
import { knownAhead, knownContract, knownWaits } from '../known.ts'
import { misfitIn } from '../toolbox/value-kinds.ts'
import { callSite } from './call-site.ts'
import { type HttpExchange, NO_DEFERRALS } from './exchange.ts'
import type { Runtime } from './runtime.ts'

const CONTRACT_KIND = { keys: knownContract } as const
const exemptions = new WeakMap<Contract, ReadonlySet<string>>()

/**
 * The contract on a route's plug, or an error that says how it is meant to be used.
 * **Security**: a misspelt key would leave its route without what it declares.
 */
export function checkContract(contract: Contract): Contract {
  if (typeof contract === 'object' && contract !== null) {
    const found = misfitIn(contract, CONTRACT_KIND, 'secure()')
    if (found === undefined) return contract
    const place = callSite()
    refuseUnknown({ ...found, at: place === undefined ? found.at : `${found.at} (${place})` })
  }
  throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'a route is declared with an object', {
    fix: "write secure({ allow: 'anyone' }) in front of the route's own function",
  })
}

/** The guards whose verdict waits where a request may come to a route with this contract, by name. */
export function exemptionsOf(contract: Contract | undefined): ReadonlySet<string> {
  if (contract === undefined) return NO_DEFERRALS
  let names = exemptions.get(contract)
  if (names === undefined) {
    names = new Set(Object.keys(knownWaits).filter((name) => knownWaits[name]?.(contract) === true))
    exemptions.set(contract, names)
  }
  return names
}

/** Whether a guard of this policy may have to wait for a route with this contract. */
export function isExempt(contract: Contract | undefined, { waiting }: Runtime): boolean {
  for (const name of exemptionsOf(contract)) if (waiting.has(name)) return true
  return false
}

/** Both sets as one; no new one where one of them has all. */
export function union(one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> {
  if (one.size === 0) return other
  for (const name of other) if (!one.has(name)) return new Set([...one, ...other])
  return one
}

/** The protections that have to know a route with this contract before its requests come, by name. */
export function needsAhead(contract: Contract): readonly string[] {
  return Object.keys(knownAhead).filter((name) => knownAhead[name]?.(contract) === true)
}

/**
 * Shows a contract whose route is not known yet to the guards that cannot wait for it. What is wrong with it is told when the route itself is
 * met: see {@link reportMistakes}.
 */
export function foretell(contract: Contract, runtime: Runtime): void {
  for (const name of needsAhead(contract)) {
    try {
      runtime.checkRoutes([{ method: 'ALL', path: '*', at: undefined, contract }], [name])
    } catch (error) {
      if (!(error instanceof BulwarkError)) throw error
    }
  }
}

/** A route that could not be shown to the guards at start-up: what they object to is reported, and enforced as far as they can. */
export function reportMistakes(x: HttpExchange, route: KnownRoute, fix: string): void {
  try {
    x.runtime.checkRoutes([route])
  } catch (error) {
    if (!(error instanceof BulwarkError)) throw error
    x.report({
      guard: 'runtime',
      risk: 'missing-authorization',
      reason: error.message,
      outcome: 'reported',
      fix,
      error,
    })
  }
}
