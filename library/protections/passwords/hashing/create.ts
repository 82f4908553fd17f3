import { BulwarkError } from '../../../core/errors.ts'
import type { KeyRing } from '../../../core/keys.ts'
import { toRing } from '../../../keys/ring.ts'
import { parseDuration } from '../../../toolbox/duration.ts'
import {
  type Acceptable,
  acceptableOf,
  type Checked,
  type ChoiceOptions,
  type PersonalWords,
} from '../choosing/check.ts'
import { type Hasher, hasherOf, type Notice, type Verified } from './hasher.ts'
import { pepperOf } from './pepper.ts'
import { DEFAULT_WORKERS, poolOf } from './pool.ts'
import { checkStrength, type Strength } from './strength.ts'

export interface PasswordSettings extends ChoiceOptions, Strength {
  /**
   * Passwords go through the newest of the policy's keys before they are hashed, so that a stolen database alone is nothing to guess at.
   *
   * **Security**: without the key nobody can sign in again. The stored hash names its key, so that older keys keep working.
   * @default false
   */
  readonly pepper?: boolean
  /**
   * Passwords hashed at once, each in a thread of its own.
   * @default one less than the machine has cores, at least 1 and at most 8
   */
  readonly workers?: number
  /**
   * Passwords that may wait for a thread. One more is refused with 503.
   * @default 32
   */
  readonly waiting?: number
  /**
   * How long one may wait, such as `'5s'`.
   * @default '5s'
   */
  readonly deadline?: string | number
}

/** Passwords as the policy wants them. */
export interface Passwords {
  /** As {@link hashPassword}, with the policy's strength and pepper. */
  hash(password: string): Promise<string>
  /** As {@link verifyPassword}, with the policy's strength and pepper. */
  verify(stored: string | null | undefined, password: string): Promise<Verified>
  /** As {@link checkPassword}, with the policy's lengths and words. */
  check(password: string, about?: PersonalWords): Checked
}

/**
 * Passwords for code that has no request at hand; routes use `req.security.passwords`.
 *
 * @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_POLICY_UNSAFE`, `BULWARK_DURATION_INVALID`, `BULWARK_KEYS_MISSING`
 */
export function createPasswords(
  options: PasswordSettings = {},
  {
    keys = [],
    onNotice = warn,
  }: { readonly keys?: readonly string[] | KeyRing; readonly onNotice?: (notice: Notice) => void } = {},
): Passwords {
  const { pepper = false, workers = DEFAULT_WORKERS, waiting = 32, deadline = '5s' } = options
  const ms = parseDuration(deadline)
  if (ms === undefined || ms < 1 || ms > 60_000) {
    throw new BulwarkError('BULWARK_DURATION_INVALID', 'nobody waits that long for a sign-in', {
      at: 'policy.passwords.deadline',
      fix: "write how long at most, up to a minute, such as '5s'",
    })
  }
  const acceptable: Acceptable = acceptableOf(options)
  const hasher: Hasher = hasherOf({
    strength: checkStrength(options),
    pool: poolOf({
      workers: checkNumber('workers', workers, 1, 64),
      waiting: checkNumber('waiting', waiting, 0, 10_000),
      deadline: ms,
    }),
    pepper: pepper ? pepperOf(toRing(keys)) : undefined,
    onNotice,
  })
  return { hash: hasher.hash, verify: hasher.verify, check: acceptable }
}

function checkNumber(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new BulwarkError('BULWARK_POLICY_INVALID', `${name} is a whole number from ${least} to ${most}`, {
    at: `policy.passwords.${name}`,
    fix: 'leave it out, or write how many of passwords the machine can hash at once or within the deadline',
  })
}

let warned = false

/** Where no policy is that could report it. */
function warn(notice: Notice): void {
  if (notice !== 'no argon2' || warned) return
  warned = true
  process.emitWarning(
    'Bulwark hashes passwords with scrypt (128 MiB, about a second each), because argon2id is not available.',
    {
      type: 'BulwarkWarning',
      detail: 'npm install @node-rs/argon2, or use Node.js 24.7 or later',
    },
  )
}
