import { randomInt } from 'node:crypto'
import { BulwarkError } from '../../core/errors.ts'
import type { Rate, Taken } from '../../core/store.ts'
import { isBucketRate, pour } from '../../toolbox/gcra.ts'

/** More than anybody lives, and still exact when it is added to a time. */
const LONGEST = 1e15

/** Whole milliseconds to live. Throws `BulwarkError` `BULWARK_DURATION_INVALID` for a time without an end. */
export function toLifetime(ttl: number): number {
  if (!Number.isFinite(ttl)) {
    throw new BulwarkError('BULWARK_DURATION_INVALID', 'every value in a store expires', {
      at: 'put({ ttl })',
      fix: 'give a number of milliseconds',
    })
  }
  return Math.max(0, Math.min(LONGEST, Math.ceil(ttl)))
}

/** Versions are random: after a key was deleted and made anew, an old version must not fit by chance. */
export function newVersion(): number {
  return randomInt(1, 2 ** 48 - 1)
}

/**
 * The cost, brought into the numbers that a server can count with: whatever is above the burst is refused alike, and no more than the burst
 * can be given back. Throws `BulwarkError` `BULWARK_LIMIT_INVALID` for what cannot be counted.
 */
export function toCost(rate: Rate, cost: number): number {
  if (!isBucketRate(rate) || !Number.isInteger(cost)) {
    throw new BulwarkError('BULWARK_LIMIT_INVALID', 'this rate cannot be counted', {
      at: 'take(key, rate, cost)',
      fix: 'use whole numbers: a burst and a period in milliseconds from 1, with a product below 2^53',
    })
  }
  return Math.max(-rate.burst, Math.min(rate.burst + 1, cost))
}

/** The answer to a take, from what the server has decided and the level that it left behind. */
export function toTaken(allowed: boolean, level: number, rate: Rate, cost: number): Taken {
  const taken = pour({ level, at: 0, period: rate.period }, rate, allowed ? 0 : cost, 0)
  if (!Number.isInteger(level) || taken.allowed !== allowed) {
    throw new Error(`the level ${level} does not explain that ${cost} was ${allowed ? 'allowed' : 'refused'}`)
  }
  return taken
}
