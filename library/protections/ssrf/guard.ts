import type { Guard } from '../../core/guard.ts'
import type { CommonOptions } from '../../core/policy.ts'

/** Options of the sink behind {@link guardConnections}, for the exchanges of this policy. */
export interface SsrfOptions extends CommonOptions {}

/**
 * Lets guarded connections stop the app from calling an inner address that the client has chosen.
 *
 * The judging is done where connections are made: with `guardConnections()`, or with `node --import bulwark/firewall`.
 *
 * **Security**: the second line behind `safeFetch()`, for the call that somebody forgot (CWE-918, ASVS 1.3.6).
 */
export function ssrf(_options: SsrfOptions): Guard {
  return { name: 'ssrf', phase: 'input' }
}
