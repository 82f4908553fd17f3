import { BulwarkError } from '../../core/errors.ts'

/** What each role may do: permissions, other roles whose permissions it takes over, or `'*'` for everything. */
export type Roles = Readonly<Record<string, readonly string[]>>

/** Every permission of every role, worked out once at start-up. */
export type Permissions = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Works out what each role may do, with what it takes over from others.
 *
 * @throws BulwarkError `BULWARK_POLICY_INVALID` when roles take over from one another in a circle, or a name is not a word
 */
export function compileRoles(roles: Roles): Permissions {
  const done = new Map<string, ReadonlySet<string>>()
  const expand = (role: string, above: readonly string[]): ReadonlySet<string> => {
    const known = done.get(role)
    if (known !== undefined) return known
    if (above.includes(role)) {
      throw new BulwarkError(
        'BULWARK_POLICY_INVALID',
        `the roles ${[...above, role].join(' -> ')} take over from one another`,
        {
          at: `policy.accessControl.roles.${role}`,
          fix: 'let one of them list the permissions that both need',
        },
      )
    }
    const own = new Set<string>()
    for (const entry of roles[role] ?? []) {
      if (!/^(\*|[a-z][\w-]*(:[\w-]+)*)$/i.test(entry)) {
        throw new BulwarkError('BULWARK_POLICY_INVALID', 'a permission is a word such as "blog:write"', {
          at: `policy.accessControl.roles.${role}`,
          fix: 'use letters, digits, hyphens and colons; "*" alone means everything',
        })
      }
      if (Object.hasOwn(roles, entry)) for (const taken of expand(entry, [...above, role])) own.add(taken)
      else own.add(entry)
    }
    done.set(role, own)
    return own
  }
  for (const role of Object.keys(roles)) expand(role, [])
  return done
}

/** Whether any of the roles has the permission. */
export function mayDo(permissions: Permissions, held: readonly string[], permission: string): boolean {
  for (const role of held) {
    const own = permissions.get(role)
    if (own !== undefined && (own.has(permission) || own.has('*'))) return true
  }
  return false
}
