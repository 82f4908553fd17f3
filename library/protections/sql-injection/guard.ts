import type { Guard } from '../../core/guard.ts'
import type { CommonOptions } from '../../core/policy.ts'

/** Options of the sink behind {@link guardDatabase}, for the exchanges of this policy. */
export interface SqlInjectionOptions extends CommonOptions {}

/**
 * Lets guarded databases stop queries in which something that the client sent would run as code.
 *
 * The judging is done where the query is: databases are guarded with `guardDatabase()`, or all at once with
 * `node --import bulwark/firewall`.
 *
 * **Security**: the second line behind parameters, for the query that somebody forgot (CWE-89, ASVS 1.2.4).
 */
export function sqlInjection(_options: SqlInjectionOptions): Guard {
  return { name: 'sql-injection', phase: 'input' }
}
