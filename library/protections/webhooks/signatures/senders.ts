import { BulwarkError } from '../../../core/errors.ts'
import type { Setup } from '../../../core/policy.ts'
import { parseDuration } from '../../../toolbox/duration.ts'
import { weaknessOf } from '../../../toolbox/weak-secret.ts'
import { SCHEMES, type Scheme, type SchemeName } from './schemes.ts'

/** Somebody whose deliveries count. */
export interface Sender {
  /** How it signs: `standard` for the Standard Webhooks of many, or one of those that sign in their own way. @default 'standard' */
  readonly as?: SchemeName
  /** The secret as the sender shows it; several while it is exchanged, newest first. */
  readonly secrets: string | readonly (string | undefined)[] | undefined
  /** How old a delivery may be, and how far ahead its clock, up to an hour. @default '5m' */
  readonly tolerance?: string | number
  /**
   * How long a delivery is remembered whose signature covers no time (`github`), so that a copy does not count.
   * @default '3d'
   */
  readonly remember?: string | number
}

/** A sender after start-up. */
export interface KnownSender {
  readonly scheme: Scheme
  readonly keys: readonly Uint8Array[]
  /** Seconds. */
  readonly tolerance: number
  /** Milliseconds. */
  readonly remember: number
}

const HOUR = 3_600_000
/** Bytes that a key of the specification has at least. */
const LEAST_BYTES = 24

/** Checks a sender. @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_KEYS_WEAK`, `BULWARK_DURATION_INVALID` */
export function compileSender(name: string, sender: Sender, setup: Setup): KnownSender {
  const at = `policy.webhooks.senders.${name}`
  const scheme = Object.hasOwn(SCHEMES, sender.as ?? 'standard') ? SCHEMES[sender.as ?? 'standard'] : undefined
  if (scheme === undefined) {
    throw invalid('nobody is known to sign that way', `${at}.as`, `use one of ${Object.keys(SCHEMES).join(', ')}`)
  }
  const secrets = typeof sender.secrets === 'string' ? [sender.secrets] : (sender.secrets ?? [])
  if (secrets.length === 0) {
    throw invalid(
      'a sender without a secret could be anybody',
      `${at}.secrets`,
      'copy it from where the sender shows it',
    )
  }
  const keys = secrets.map((secret, i) => keyOf(secret, scheme, `${at}.secrets[${i}]`, setup))
  const tolerance = time(sender.tolerance ?? '5m', `${at}.tolerance`)
  if (tolerance > HOUR || tolerance < 1000) {
    throw invalid('a delivery is under way for seconds or minutes', `${at}.tolerance`, "write from '1s' to '1h'")
  }
  return { scheme, keys, tolerance: tolerance / 1000, remember: time(sender.remember ?? '3d', `${at}.remember`) }
}

function keyOf(secret: string | undefined, scheme: Scheme, at: string, setup: Setup): Uint8Array {
  const key = typeof secret === 'string' ? scheme.key(secret) : undefined
  if (key === undefined || secret === undefined) {
    throw invalid('this is no secret of this sender', at, 'copy it as it is shown: standard ones begin with whsec_')
  }
  const weak = scheme === SCHEMES.standard ? undefined : weaknessOf(secret)
  const isShort = scheme === SCHEMES.standard && key.length < LEAST_BYTES
  if (isShort || weak?.kind === 'poor' || (weak !== undefined && setup.production)) {
    throw new BulwarkError(
      'BULWARK_KEYS_WEAK',
      `a secret of deliveries can be guessed: ${weak?.why ?? 'it is short'}`,
      {
        at,
        fix: 'let the sender make a new one, or set one of 32 or more random characters there: npx @bulwark/cli keys new',
      },
    )
  }
  return key
}

function time(value: string | number, at: string): number {
  const ms = parseDuration(value)
  if (ms !== undefined) return ms
  throw new BulwarkError('BULWARK_DURATION_INVALID', 'this is no duration', { at, fix: "write it like '5m'" })
}

export function invalid(what: string, at: string, fix: string): BulwarkError {
  return new BulwarkError('BULWARK_POLICY_INVALID', what, { at, fix })
}
