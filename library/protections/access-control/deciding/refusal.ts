import { BulwarkError } from '../../../core/errors.ts'

/** Somebody may not do what was asked for. Left uncaught, the adapters answer with its `status`. */
export class AccessDenied extends BulwarkError {
  /** 401 for somebody unknown, 403 for somebody known, 404 where the policy hides objects from those who may not have them. */
  readonly status: number
  readonly permission: string
  /** In one sentence, for events and logs. */
  readonly why: string

  constructor(permission: string, status: number, why: string, fix: string) {
    super('BULWARK_ACCESS_DENIED', why, { fix })
    this.status = status
    this.permission = permission
    this.why = why
  }
}

/** A permission that no role names: a typing error, which must not look like a refusal. */
export function unknownPermission(permission: string, known: readonly string[]): BulwarkError {
  return new BulwarkError(
    'BULWARK_PERMISSION_UNKNOWN',
    `no role has the permission "${String(permission).slice(0, 80)}"`,
    {
      at: 'policy.accessControl.roles',
      fix:
        known.length === 0
          ? 'name roles in the policy, and the permission in one of them'
          : `give it to a role, or use one of: ${known.join(', ')}`,
    },
  )
}
