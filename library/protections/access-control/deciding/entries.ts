import { BulwarkError } from '../../../core/errors.ts'

/** One line of a role: `[!]permission[:rule...][ [field, ...]]`. */
export interface Entry {
  /** As it was written. */
  readonly text: string
  /** It denies, and wins over whatever allows. */
  readonly deny: boolean
  /** `post:edit`, `post:*`, or `*`. */
  readonly permission: string
  /** The names of the rules that must all hold for the object. */
  readonly rules: readonly string[]
  /** Only these fields; without them all. */
  readonly fields: readonly string[] | undefined
}

/** The rules that each declared resource has, by name. */
export type KnownRules = ReadonlyMap<string, ReadonlySet<string>>

const SHAPE = /^(!?)(\*|[a-z][\w-]*(?::[\w-]+)*(?::\*(?::[\w-]+)*)?)(?: \[([^\][]*)\])?$/i

/**
 * Takes one line of a role apart.
 *
 * @throws BulwarkError `BULWARK_POLICY_INVALID` when it is no permission, or names a rule that its resource does not have
 */
export function parseEntry(text: string, known: KnownRules, at: string): Entry {
  const parts = typeof text === 'string' ? SHAPE.exec(text) : null
  if (parts === null) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a permission is a word such as "blog:write"', {
      at,
      fix: 'use letters, digits, hyphens and colons; "!" in front denies, "*" means everything, " [title, text]" behind names fields',
    })
  }
  const [, bang, name = '', list] = parts
  const [resource = '', action = '', ...rules] = name.split(':')
  const rulesOfResource = known.get(resource)
  const deny = bang === '!'
  const fields = list === undefined ? undefined : toFields(list, at)
  if (rulesOfResource === undefined) {
    if (/:\*./.test(name)) throw unknownRule(name, resource, undefined, at)
    return { text, deny, permission: name, rules: [], fields }
  }
  if (action === '') {
    throw new BulwarkError('BULWARK_POLICY_INVALID', `"${name}" names a resource and nothing that is done with it`, {
      at,
      fix: `write what may be done, such as "${resource}:read"`,
    })
  }
  for (const rule of rules) if (!rulesOfResource.has(rule)) throw unknownRule(rule, resource, rulesOfResource, at)
  return { text, deny, permission: `${resource}:${action}`, rules, fields }
}

function toFields(list: string, at: string): readonly string[] {
  const fields = list.split(',').map((field) => field.trim())
  for (const field of fields) {
    if (/^[A-Za-z_$][\w$-]*$/.test(field) && !(field in Object.prototype)) continue
    throw new BulwarkError(
      'BULWARK_POLICY_INVALID',
      'the fields behind a permission are names with commas between them',
      {
        at,
        fix: 'write them like "post:edit [title, text]"',
      },
    )
  }
  return fields
}

function unknownRule(rule: string, resource: string, known: ReadonlySet<string> | undefined, at: string): BulwarkError {
  const what =
    known === undefined
      ? `"${rule}" has a rule behind "*", but the policy has no resource "${resource}"`
      : `the resource "${resource}" has no rule "${rule}"`
  return new BulwarkError('BULWARK_POLICY_INVALID', what, {
    at,
    fix:
      known === undefined || known.size === 0
        ? `write the rule in policy.accessControl.resources.${resource}.rules`
        : `use one of: ${[...known].join(', ')}`,
  })
}
