import type { Guard } from '../../core/guard.ts'
import type { CommonOptions } from '../../core/policy.ts'
import { guardConnections } from './connections/guard-connections.ts'

/** Options of the sink behind every socket of the process. */
export interface SsrfOptions extends CommonOptions {
  /**
   * Inner machines that clients may name: hosts (`hooks.example`, `hooks.example:8443`, `*.inner.example`), addresses and blocks
   * (`10.1.0.0/16`). What the app calls by itself needs no entry.
   * @default []
   */
  readonly allow?: readonly string[]
}

/**
 * Stops the app from calling an inner address that the client has named.
 *
 * The judging is done where connections are made: see `guardConnections()`.
 *
 * **Security**: the second line behind `safeFetch()`, for the call that somebody forgot (CWE-918, ASVS 1.3.6).
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for an entry of `allow` that names nothing
 */
export function ssrf({ allow = [] }: SsrfOptions): Guard {
  guardConnections({ allow }, 'policy.ssrf.allow')
  return { name: 'ssrf', phase: 'input' }
}
