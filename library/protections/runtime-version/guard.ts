import { BulwarkError } from '../../core/errors.ts'
import type { Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { shared } from '../../firewall/shared.ts'
import { judgeVersion } from './releases.ts'

export interface RuntimeVersionOptions extends CommonOptions {
  /** Keeps the app from starting instead of reporting. @default false */
  readonly refuse?: boolean
}

/** Several apps in one process run on one Node.js. */
const told = shared('runtime-version', () => new Set<string>())

/**
 * Reports at start-up, once per process, that Node.js gets no security fixes any more or has publicly known holes.
 *
 * **Security**: compares with a table inside this package, and asks nobody; versions newer than the table pass (CWE-1395, ASVS 15.2.1).
 * @throws BulwarkError `BULWARK_RUNTIME_VULNERABLE` when `refuse` is on and the policy enforces
 */
export function runtimeVersion({ refuse = false, mode }: RuntimeVersionOptions, setup: Setup): Guard {
  const outdated = judgeVersion(process.version, setup.now())
  if (outdated !== undefined) {
    const { reason, fix } = outdated
    if (refuse && (mode ?? setup.mode) === 'enforce') {
      throw new BulwarkError('BULWARK_RUNTIME_VULNERABLE', reason, { at: 'process.version', fix })
    }
    if (!told.has(reason)) {
      told.add(reason)
      setup.report({ guard: 'runtime-version', risk: 'outdated-runtime', reason, fix })
    }
  }
  return { name: 'runtime-version', phase: 'shape' }
}
