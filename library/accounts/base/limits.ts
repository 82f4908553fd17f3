import { BulwarkError } from '../../core/errors.ts'
import type { Security } from '../../core/security.ts'
import { clientKey } from '../../toolbox/ip.ts'
import { emailKey } from '../email.ts'
import type { Facts } from './options.ts'
import { need, tell } from './protections.ts'
import { type Refusal, refuse } from './results.ts'

/** Runs a check within the limits of `trySignIn`, and turns its refusal into an answer. */
export async function within<T extends object>(
  security: Security,
  name: string,
  check: () => Promise<T>,
): Promise<T | Refusal<'too-many'>> {
  try {
    return await need(security, 'trySignIn')(name, check)
  } catch (error) {
    if (!(error instanceof BulwarkError) || error.code !== 'BULWARK_SIGN_IN_REFUSED') throw error
    const { headers } = error as BulwarkError & { headers?: Readonly<Record<string, string>> }
    return refuse('too-many', { retryAfter: Number(headers?.['Retry-After'] ?? 60) })
  }
}

/** Counts what one client asks for that costs mail or work. */
export async function countRequest(facts: Facts, security: Security): Promise<Refusal<'too-many'> | undefined> {
  const key = `account-requests:${facts.app}:${clientKey(security.ip)}`
  const { allowed, retryAfter } = await facts.store.take(key, facts.limits.requests)
  return allowed ? undefined : refuse('too-many', { retryAfter: Math.max(1, Math.ceil(retryAfter / 1000)) })
}

/** Whether one more letter may go to an address that somebody typed. Whoever asks is not told: that would tell who has an account. */
export async function mayWriteTo(facts: Facts, security: Security, email: string): Promise<boolean> {
  const { allowed } = await facts.store.take(`account-letters:${facts.app}:${emailKey(email)}`, facts.limits.letters)
  if (!allowed) {
    tell(security, 'so many letters were asked for to one address that no more are sent for now', { outcome: 'denied' })
  }
  return allowed
}
