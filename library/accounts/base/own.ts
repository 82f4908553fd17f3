import { BulwarkError } from '../../core/errors.ts'
import type { Facts } from './options.ts'

/** Keeps a flow from replacing an identity that is kept elsewhere: it would sign in to a session that nobody looks at. */
export function needOwnIdentity(facts: Facts, flow: string): void {
  if (facts.subject === undefined) return
  throw new BulwarkError('BULWARK_POLICY_INVALID', `${flow}() would replace the identity that "subject" answers`, {
    at: 'createAccounts({ subject })',
    fix: 'use the other identity for it, or leave subject out and let Bulwark keep the accounts',
  })
}
