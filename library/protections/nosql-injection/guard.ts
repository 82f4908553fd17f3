import type { Guard } from '../../core/guard.ts'
import type { CommonOptions } from '../../core/policy.ts'

/** Options of the sink behind {@link guardMongo}, for the exchanges of this policy. */
export interface NosqlInjectionOptions extends CommonOptions {}

/**
 * Lets guarded databases stop calls in which the client decides an operator, a reference to a field, or code.
 *
 * The judging is done where the call is: MongoDB's driver and mongoose are guarded with `guardMongo()`.
 *
 * **Security**: the second line behind typed input and `filter()`, for the call that somebody forgot (CWE-943, ASVS 1.2.4).
 */
export function nosqlInjection(_options: NosqlInjectionOptions): Guard {
  return { name: 'nosql-injection', phase: 'input' }
}
