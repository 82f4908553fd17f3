import type { ProbeOptions, ProbeReport } from './report.ts'
import { chosenOf, probeAt } from './run.ts'
import { findGround } from './safety.ts'

export type { Account, SignIn } from './account.ts'
export { type ProbeConfig, parseConfig, readConfig } from './config.ts'
export { ProberError, type ProberErrorCode } from './errors.ts'
export type { Grade } from './grade.ts'
export { probes, risks } from './probes.ts'
export {
  type Budget,
  exitCodeOf,
  isAtLeast,
  type ProbeOptions,
  type ProbeReport,
  type ProbeResult,
  type Stopped,
} from './report.ts'
export { proofOf } from './safety.ts'

/**
 * Attacks one app and reports what got through, with the evidence.
 * @throws ProberError when the target may not be attacked or the options make no sense; whatever happens after the first request ends
 * in the report.
 * **Security**: only this machine is attacked without further words; see `ownThis`.
 */
export async function probe(options: ProbeOptions): Promise<ProbeReport> {
  // Options are looked at before anything is looked up or sent.
  const probes = chosenOf(options)
  return probeAt(await findGround(options.url, options.ownThis), probes, options)
}
