import { BulwarkError } from '../../../core/errors.ts'
import type { Stored } from './stored.ts'

/** How much one guess costs. */
export interface Strength {
  /**
   * KiB of memory for argon2id.
   * @default 19_456
   */
  readonly memory?: number
  /**
   * Passes over that memory.
   * @default 2
   */
  readonly passes?: number
}

/** Two settings of equal strength differ in which of memory and passes is larger; the least that OWASP names is 7 MiB with 5 passes. */
const LEAST_MEMORY = 7_168
const LEAST_WORK = 35_840
const MOST_WORK = 2_097_152

/** scrypt's N, r and p in place of argon2id: 128 MiB. */
export const SCRYPT: { readonly cost: number; readonly block: number; readonly lanes: number } = {
  cost: 131_072,
  block: 8,
  lanes: 1,
}

export const SALT_BYTES = 16
export const HASH_BYTES = 32

/** @throws BulwarkError `BULWARK_POLICY_UNSAFE` for less than the OWASP Password Storage Cheat Sheet allows */
export function checkStrength({ memory = 19_456, passes = 2 }: Strength): Required<Strength> {
  const isWhole = Number.isSafeInteger(memory) && Number.isSafeInteger(passes)
  if (isWhole && memory >= LEAST_MEMORY && passes >= 1 && memory * passes >= LEAST_WORK) {
    if (memory <= 262_144 && memory * passes <= MOST_WORK) return { memory, passes }
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'one password would take seconds to hash', {
      at: 'policy.passwords.memory',
      fix: 'stay within 262144 KiB and 2097152 KiB times passes',
    })
  }
  throw new BulwarkError('BULWARK_POLICY_UNSAFE', 'hashes this cheap are guessed quickly once they are stolen', {
    at: 'policy.passwords.memory',
    fix: 'leave memory and passes out, or use at least 19456 KiB with 2 passes, 12288 with 3, 9216 with 4 or 7168 with 5',
  })
}

/** Whether a new hash would be harder to guess than this one, so that it is worth replacing. */
export function isWeaker({ recipe, hash }: Stored, { memory, passes }: Required<Strength>): boolean {
  if (hash.length < 32) return true
  if (recipe.kind === 'argon2') {
    if (recipe.variant !== 'argon2id' || recipe.version !== 19 || recipe.salt.length < SALT_BYTES) return true
    return recipe.memory < LEAST_MEMORY || recipe.memory * recipe.passes < memory * passes
  }
  if (recipe.kind === 'scrypt') {
    const perLane = recipe.cost * recipe.block
    return recipe.salt.length < SALT_BYTES || perLane < 65_536 || perLane * recipe.lanes < 655_360
  }
  return true
}
