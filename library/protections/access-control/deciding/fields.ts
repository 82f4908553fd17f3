import { AccessDenied } from './refusal.ts'

/** Which fields of an object somebody may read or write. */
export interface FieldAccess {
  /** `only`: those in `names`; `all`: every field but those in `names`. */
  readonly kind: 'only' | 'all'
  readonly names: readonly string[]
  has(field: string): boolean
  /**
   * A copy with the fields that are allowed; the others are dropped, or refused all together.
   *
   * **Security**: against mass assignment and answers that show too much (CWE-915, ASVS 8.2.3, 15.3.1).
   * @throws BulwarkError `BULWARK_ACCESS_DENIED` with `status` 403 when one is not allowed and `others` is `'refuse'`
   */
  pick<T extends object>(values: T, others?: 'drop' | 'refuse'): Partial<T>
}

export function fieldAccess(permission: string, kind: 'only' | 'all', names: readonly string[]): FieldAccess {
  const set = new Set(names)
  const has = (field: string): boolean => set.has(field) === (kind === 'only')
  return {
    kind,
    names,
    has,
    pick(values, others = 'drop') {
      const kept: Record<string, unknown> = {}
      let refused = 0
      for (const field of Object.keys(values)) {
        // Assigned to, this key would change what kind of object the copy is.
        if (has(field) && field !== '__proto__') kept[field] = (values as Record<string, unknown>)[field]
        else refused++
      }
      if (refused > 0 && others === 'refuse') {
        throw new AccessDenied(
          permission,
          403,
          `${refused} of the fields may not be touched with the permission "${permission}"`,
          `allow them in a role, as in "${permission} [title, text]", or drop them: pick(values)`,
        )
      }
      return kept as Partial<typeof values>
    },
  }
}
