import { createHash } from 'node:crypto'
import { BulwarkError } from '../core/errors.ts'
import type { KeyState } from '../core/keys.ts'
import { randomToken } from '../toolbox/tokens.ts'
import { type Weakness, weaknessOf } from '../toolbox/weak-secret.ts'

/** A key as it is written down. */
export interface WrittenKey {
  readonly secret: string
  readonly state: KeyState
  readonly created?: number
  readonly activeFrom?: number
  readonly purposes?: readonly string[]
}

/** A key of the list that was taken, although it should not be. */
export interface WeakKey extends Weakness {
  readonly at: string
}

const STATED = /^(next|active|retired|revoked):/
const MADE = /^bwk1\.([0-9a-z]{1,8})\.([\w-]{43})\.([\w-]{6})$/

/**
 * Makes a new key: 256 random bits, with the day it was made and a check sum, so that half a key is noticed. It begins with `bwk1.`, which
 * scanners for leaked secrets can look for.
 */
export function makeKey(now: number = Date.now()): string {
  const body = `bwk1.${Math.floor(now / 1000).toString(36)}.${randomToken(32)}`
  return `${body}.${checkOf(body)}`
}

/**
 * Reads a list of keys as an environment holds it: separated by commas, newest first. The first one is active and the others are retired,
 * unless `next:`, `active:`, `retired:` or `revoked:` stands in front.
 *
 * Any text of 32 or more random characters is a key; those of {@link makeKey} are checked for being whole.
 * @throws BulwarkError `BULWARK_KEYS_WEAK`, `BULWARK_POLICY_INVALID`
 */
export function parseKeyList(
  keys: string | readonly string[],
  { at = 'policy.keys', onWeak }: { readonly at?: string; readonly onWeak?: (weak: WeakKey) => void } = {},
): readonly WrittenKey[] {
  const texts = typeof keys === 'string' ? keys.split(',').map((text) => text.trim()) : [...keys]
  // A comma too many at the end is no key that was forgotten; one in the middle is.
  if (typeof keys === 'string' && texts.length > 1 && texts.at(-1) === '') texts.pop()
  let hasActive = texts.some((text) => text.startsWith('active:'))
  return texts.map((text, i) => {
    const place = `${at}[${i}]`
    const stated = STATED.exec(text)?.[1] as KeyState | undefined
    const secret = stated === undefined ? text : text.slice(stated.length + 1)
    const created = checkSecret(secret, place, onWeak)
    const state = stated ?? (hasActive ? 'retired' : 'active')
    if (state === 'active') hasActive = true
    return { secret, state, ...(created !== undefined && { created }) }
  })
}

/**
 * Checks one secret and answers when it was made, if it says so.
 * @throws BulwarkError `BULWARK_KEYS_WEAK`
 */
export function checkSecret(secret: string, at: string, onWeak?: (weak: WeakKey) => void): number | undefined {
  if (secret.startsWith('bwk1.')) {
    const [, created = '', random, check] = MADE.exec(secret) ?? []
    if (random !== undefined && check === checkOf(secret.slice(0, -7))) return Number.parseInt(created, 36) * 1000
    throw weak(
      at,
      'this key is not whole: a part of it was lost or changed when it was copied',
      'copy all of it, from bwk1. to its end',
    )
  }
  const weakness = weaknessOf(secret)
  if (weakness === undefined) return undefined
  if (weakness.kind === 'sample' && onWeak !== undefined) {
    onWeak({ ...weakness, at })
    return undefined
  }
  throw weak(at, `a key must be at least 32 characters long and random, and ${weakness.why}`)
}

function weak(at: string, what: string, fix = 'make one with: npx @bulwark/cli keys new'): BulwarkError {
  return new BulwarkError('BULWARK_KEYS_WEAK', what, { at, fix })
}

function checkOf(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, 6)
}
