import type { Awaitable } from '../core/exchange.ts'
import { type Algorithm, isKeyFor } from './algorithms.ts'
import type { Jose, Jwk, ReadKey } from './jose.ts'

/** Keys that somebody publishes, by which their signatures are known. */
export interface KeySet {
  /**
   * The keys that may have signed a token with this header; none where none fits.
   * @throws KeysAway when the set cannot be had
   */
  find(kid: string | undefined, algorithm: Algorithm): Awaitable<readonly ReadKey[]>
}

/** The keys that signatures are known by cannot be had: nobody can be told from anybody. */
export class KeysAway extends Error {
  constructor(from: string, cause: unknown) {
    super(`The key set at ${from} cannot be had`, { cause })
    this.name = 'KeysAway'
  }
}

export interface FollowedOptions {
  /** Where it is, for messages. */
  readonly from: string
  readonly get: () => Promise<unknown>
  /** Milliseconds after which it is asked for again. */
  readonly fresh: number
  /** Milliseconds for which a set that cannot be had again still counts, beyond `fresh`. */
  readonly grace: number
  /** Milliseconds between two questions for a key that is not in the set. */
  readonly coolDown: number
  readonly now: () => number
  /** The set could not be had again; told once until it can. */
  readonly onTrouble: (error: unknown) => void
}

/** More keys than any issuer has at once. */
const MOST_KEYS = 32
/** After a failure the next question waits that long, so that requests do not become requests to a server that is down. */
const PAUSE = 1000

/** Keys that were handed in. */
export function fixedKeySet(document: unknown, jose: Jose): KeySet {
  return readKeySet(document, jose)
}

/**
 * Keys that are published somewhere and may change there. Asked for when first needed, and again when they are no longer fresh or a token names
 * a key that is not among them; never twice at once.
 *
 * **Security**: tokens name keys as they like, so questions for unknown ones are at least `coolDown` apart.
 */
export function followedKeySet(options: FollowedOptions, jose: Jose): KeySet {
  const { from, get, fresh, grace, coolDown, now, onTrouble } = options
  let set: (KeySet & { has(kid: string): boolean }) | undefined
  let readAt = 0
  let askedAt = Number.NEGATIVE_INFINITY
  let failed: { readonly at: number; readonly error: unknown } | undefined
  let asking: Promise<void> | undefined

  const ask = (): Promise<void> => {
    asking ??= (async () => {
      const at = now()
      askedAt = at
      try {
        set = readKeySet(await get(), jose)
        // What was published after the question was sent may be missing from the answer.
        readAt = at
        failed = undefined
      } catch (error) {
        if (failed === undefined) onTrouble(error)
        failed = { at: now(), error }
      } finally {
        asking = undefined
      }
    })()
    return asking
  }
  /** A clock that was set back makes nothing fresh again. */
  const age = (since: number): number => {
    const passed = now() - since
    return passed < 0 ? Number.POSITIVE_INFINITY : passed
  }
  const settle = async (kid: string | undefined, algorithm: Algorithm): Promise<readonly ReadKey[]> => {
    if (set === undefined || age(readAt) > fresh) {
      if (failed === undefined || age(failed.at) >= PAUSE) await ask()
    } else if (kid !== undefined && !set.has(kid) && age(askedAt) >= coolDown) await ask()
    if (set === undefined || age(readAt) > fresh + grace) throw new KeysAway(from, failed?.error)
    return set.find(kid, algorithm)
  }
  return {
    find(kid, algorithm) {
      const isThere = set !== undefined && age(readAt) <= fresh && (kid === undefined || set.has(kid))
      return isThere && set !== undefined ? set.find(kid, algorithm) : settle(kid, algorithm)
    },
  }
}

/** Reads a key set, once; each key is imported when it is first needed. Keys of a kind that nobody asks for are passed over (RFC 7517, 5). */
function readKeySet(document: unknown, jose: Jose): KeySet & { has(kid: string): boolean } {
  const { keys } = (document ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('it is no key set: it has no list "keys"')
  if (keys.length > MOST_KEYS) throw new Error(`it has more than ${MOST_KEYS} keys`)
  const list = keys.filter(isJwk)
  const read = new Map<string, Promise<ReadKey>>()
  const known = new Set(list.map(({ kid }) => kid))
  const readOne = (jwk: Jwk, at: number, algorithm: Algorithm): Promise<ReadKey> => {
    const name = `${at} ${algorithm}`
    let key = read.get(name)
    if (key === undefined) {
      // A private or a secret key in a public set is a mistake of the publisher; its public half is all that is wanted.
      const { d: _, k: __, ...open } = jwk
      key = jose.importJWK({ ...open, ext: true, key_ops: ['verify'] }, algorithm)
      key.catch(() => {})
      read.set(name, key)
    }
    return key
  }
  return {
    has: (kid) => known.has(kid),
    async find(kid, algorithm) {
      const fitting: Promise<ReadKey | undefined>[] = []
      list.forEach((jwk, at) => {
        if ((kid === undefined || jwk.kid === kid) && isKeyFor(jwk, algorithm)) {
          // A key that cannot be read verifies nothing, and must not keep the others from it.
          fitting.push(readOne(jwk, at, algorithm).catch(() => undefined))
        }
      })
      return (await Promise.all(fitting)).filter((key) => key !== undefined)
    },
  }
}

function isJwk(value: unknown): value is Jwk {
  if (typeof value !== 'object' || value === null) return false
  const { kty, kid } = value as Jwk
  return typeof kty === 'string' && kty !== 'oct' && (kid === undefined || typeof kid === 'string')
}
