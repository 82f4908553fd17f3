import { BulwarkError } from '../../core/errors.ts'
import type { Security } from '../../core/security.ts'

/** Publishes an event about an account. */
export function tell(
  security: Security,
  reason: string,
  more: { readonly outcome?: 'reported' | 'denied'; readonly risk?: string; readonly error?: unknown } = {},
): void {
  security.event({ guard: 'accounts', risk: 'account-takeover', reason, ...more })
}

/** The flows stand on three protections. Without them they would sign in without a session, or check passwords without a limit. */
export function need<K extends 'session' | 'passwords' | 'trySignIn'>(security: Security, name: K): Security[K] {
  const part = security[name]
  if (part !== undefined) return part
  throw new BulwarkError('BULWARK_POLICY_INVALID', `accounts need req.security.${name}`, {
    at: 'policy',
    fix: 'leave sessions, passwords and signInThrottle on',
  })
}
