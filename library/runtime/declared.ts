import type { Contract } from '../core/contract.ts'
import { knownAhead, knownWaits } from '../known.ts'

const waiting = Object.values(knownWaits)

/** Whether some verdict on a request waits where it may come to a route with this contract. */
export function isExempt(contract: Contract | undefined): boolean {
  if (contract === undefined) return false
  for (const waits of waiting) if (waits(contract)) return true
  return false
}

/** The protections that have to know a route with this contract before its requests come, by name. */
export function needsAhead(contract: Contract): readonly string[] {
  return Object.keys(knownAhead).filter((name) => knownAhead[name]?.(contract) === true)
}
