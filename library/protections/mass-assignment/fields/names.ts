import { BulwarkError } from '../../../core/errors.ts'

/** What grants more than it names: nobody gives it to themselves. The guard only tells of these where a policy names none. */
export const TELLING: readonly string[] = [
  'role',
  'roles',
  'isAdmin',
  'admin',
  'isSuperuser',
  'isStaff',
  'isOwner',
  'permissions',
  'privileges',
  'accessLevel',
  'isVerified',
  'emailVerified',
  'balance',
  'passwordHash',
]

const LONGEST_NAME = 64
const MOST_FOUND = 500
/** How bodies write a field of a field: `user[role]`, `user.role`. */
const STEP = /[[\].]+/

/** Names of fields however they are written: `isAdmin`, `is_admin` and `Is-Admin` are one column to most mappers. */
export class FieldNames {
  readonly #byKey: ReadonlyMap<string, string>
  /** What short names were found to be: an app's fields come again and again. */
  readonly #found = new Map<string, string | undefined>()

  constructor(names: readonly string[]) {
    this.#byKey = new Map(names.map((name) => [keyOf(name), name]))
  }

  get size(): number {
    return this.#byKey.size
  }

  /** The name as the policy has it, of a field or of one inside of it. */
  find(field: string): string | undefined {
    const known = this.#found.get(field)
    if (known !== undefined || this.#found.has(field)) return known
    const found = this.#look(field)
    if (field.length <= LONGEST_NAME && this.#found.size < MOST_FOUND) this.#found.set(field, found)
    return found
  }

  #look(field: string): string | undefined {
    const own = this.#byKey.get(keyOf(field))
    if (own !== undefined || !/[[.]/.test(field)) return own
    for (const piece of field.split(STEP)) {
      const found = this.#byKey.get(keyOf(piece))
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** @throws BulwarkError `BULWARK_POLICY_INVALID` */
export function checkNames(names: unknown, at: string): readonly string[] {
  const isList = Array.isArray(names) && names.every((name) => typeof name === 'string' && isName(name))
  if (isList) return names as readonly string[]
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'these are no names of fields', {
    at,
    fix: "write a list such as ['role', 'isAdmin'], each name without dots and brackets",
  })
}

function isName(name: string): boolean {
  return name.length <= LONGEST_NAME && keyOf(name) !== '' && !STEP.test(name)
}

function keyOf(name: string): string {
  return name.replace(/[-_\s]/g, '').toLowerCase()
}
