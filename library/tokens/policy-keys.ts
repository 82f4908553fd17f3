import { BulwarkError } from '../core/errors.ts'
import type { Setup } from '../core/policy.ts'
import { type ClientTls, getJson, parseKeyUrl } from './fetching.ts'
import type { Jose } from './jose.ts'
import { fixedKeySet, followedKeySet, type KeySet } from './key-set.ts'

/** How a key set of a policy is followed, and who tells when it cannot be had. */
export interface Following {
  /** Where the policy names it: `policy.callers.known.blog.keys`. */
  readonly at: string
  /** An address that would do. */
  readonly example: string
  /** Milliseconds, as in `followedKeySet()`. */
  readonly fresh: number
  readonly grace: number
  readonly coolDown: number
  readonly tls: ClientTls | undefined
  /** The event when it cannot be had. */
  readonly guard: string
  readonly risk: string
  readonly trouble: string
}

/**
 * The key set that a policy names: the set itself, or the URL that it is followed at.
 *
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for what is neither
 */
export function policyKeySet(keys: unknown, following: Following, jose: Jose, setup: Setup): KeySet {
  const { at, example, fresh, grace, coolDown, tls, guard, risk, trouble } = following
  if (typeof keys !== 'string') {
    try {
      return fixedKeySet(keys, jose)
    } catch (cause) {
      const fix = 'write { keys: [...] } as RFC 7517 has it, or its URL'
      throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no key set', { at, fix, cause })
    }
  }
  const url = parseKeyUrl(keys)
  if (url === undefined) {
    throw new BulwarkError(
      'BULWARK_POLICY_INVALID',
      'keys cannot be taken from there: whoever is on the way could put in their own',
      { at, fix: `write an address such as '${example}'; http:// is for this machine only` },
    )
  }
  const onTrouble = (error: unknown): void =>
    setup.report({ guard, risk, reason: trouble, fix: 'see that this app reaches it', outcome: 'failed', error })
  const get = (): Promise<unknown> => getJson(url, tls)
  return followedKeySet({ from: url.href, get, fresh, grace, coolDown, now: setup.now, onTrouble }, jose)
}
