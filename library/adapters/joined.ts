import type { Contract } from '../core/contract.ts'

const pairs = new WeakMap<Contract, WeakMap<Contract, Contract>>()

/** Two contracts on the way to one route as one. The nearer has the last word; the same pair is always the same object. */
export function joined(outer: Contract | undefined, inner: Contract | undefined): Contract | undefined {
  if (outer === undefined || inner === undefined) return inner ?? outer
  let of = pairs.get(outer)
  if (of === undefined) pairs.set(outer, (of = new WeakMap()))
  let both = of.get(inner)
  if (both === undefined) of.set(inner, (both = { ...outer, ...inner }))
  return both
}

/** Whether everything that the second declares is in the first, word for word. */
export function holds(whole: Contract | undefined, part: Contract): boolean {
  if (whole === undefined) return false
  for (const key in part) {
    if (whole[key as keyof Contract] !== part[key as keyof Contract]) return false
  }
  return true
}
