import { BulwarkError } from '../../../core/errors.ts'
import { type Entry, parseEntry } from './entries.ts'
import { ALWAYS, checkField, type Filter, NEVER, toFilter, type Where } from './filter.ts'
import type { ObjectRule, Person, Resources, Roles } from './policy.ts'

/** What a role may do with one permission, as far as that is known without an object. */
export const NO = 0
export const YES = 1
/** It depends on the object. */
export const DEPENDS = 2
/** Denied, whatever is granted. */
export const NEVER_EVER = 3

/** A line of a role, with its rules looked up. */
export interface Held extends Omit<Entry, 'rules'> {
  readonly rules: readonly CompiledRule[]
  /** The roles on the way to it: `['editor', 'author']` when an editor has it from authors. */
  readonly via: readonly string[]
}

export interface CompiledRule {
  readonly name: string
  readonly at: string
  readonly test: ((person: Person, object: never) => boolean) | undefined
  readonly where: ((person: Person) => unknown) | undefined
  /** The same for everybody, for what allows and for what denies. */
  readonly constant: Filter | undefined
}

/** What one role, or several together, may do. Indexed by the permission's number. */
export interface Table {
  readonly codes: Uint8Array
  readonly allows: readonly (readonly Held[])[]
  readonly denies: readonly (readonly Held[])[]
}

/** The access part of a policy, worked out once at start-up. */
export interface Compiled {
  /** Every permission by its number. */
  readonly permissions: readonly string[]
  readonly ids: ReadonlyMap<string, number>
  readonly roles: ReadonlyMap<string, Table>
  /** The resource of each permission. */
  readonly resources: readonly (CompiledResource | undefined)[]
  readonly nobody: Table
  /** Tables of people with several roles, made when first met. */
  readonly combined: Map<string, Table>
}

export interface CompiledResource {
  readonly name: string
  readonly id: string
  readonly hide: boolean
}

/** Combinations of roles come from the app's own data; this is only a bound. */
const MOST_COMBINED = 1000

/**
 * Works out what each role may do, with what it takes over from others.
 *
 * @throws BulwarkError `BULWARK_POLICY_INVALID` when roles take over from one another in a circle, or a line of one makes no sense
 */
export function compile(roles: Roles, resources: Resources = {}): Compiled {
  const rules = new Map(
    Object.entries(resources).map(([name, resource]) => [name, rulesOf(name, resource.rules ?? {})]),
  )
  const known = new Map([...rules].map(([name, own]) => [name, new Set(own.keys())]))
  const lines = new Map(Object.keys(roles).map((role) => [role, linesOf(role, roles, known, rules, [])]))
  const permissions = [...new Set([...lines.values()].flat().map(({ permission }) => permission))]
    .filter((permission) => !permission.endsWith('*'))
    .sort()
  const ids = new Map(permissions.map((permission, id) => [permission, id]))
  for (const [role, held] of lines) checkLines(role, held, permissions)
  const found = new Map(
    Object.entries(resources).map(([name, { id = 'id', hide = false }]) => {
      return [name, { name, id: checkField(id, `policy.accessControl.resources.${name}.id`), hide }]
    }),
  )
  return {
    permissions,
    ids,
    roles: new Map([...lines].map(([role, held]) => [role, toTable(held, permissions)])),
    resources: permissions.map((permission) => found.get(permission.split(':', 1)[0] as string)),
    nobody: toTable([], permissions),
    combined: new Map(),
  }
}

/** What somebody with these roles may do. Roles that the policy does not name count for nothing. */
export function tableOf(compiled: Compiled, roles: readonly string[]): Table {
  if (roles.length === 1) return compiled.roles.get(roles[0] as string) ?? compiled.nobody
  if (roles.length === 0) return compiled.nobody
  // Only names of the policy get into the key: none of them has a line break, so no two lists share one.
  let key = ''
  for (const role of roles) if (compiled.roles.has(role)) key += `${role}\n`
  const known = compiled.combined.get(key)
  if (known !== undefined) return known
  const tables = [...new Set(roles)].flatMap((role) => compiled.roles.get(role) ?? [])
  const table = toTable(
    tables.flatMap(({ allows, denies }) => [...allows, ...denies].flat()),
    compiled.permissions,
  )
  if (compiled.combined.size >= MOST_COMBINED) compiled.combined.clear()
  compiled.combined.set(key, table)
  return table
}

/** A role's own lines, and those of the roles that it takes over from. */
function linesOf(
  role: string,
  roles: Roles,
  known: ReadonlyMap<string, ReadonlySet<string>>,
  rules: ReadonlyMap<string, ReadonlyMap<string, CompiledRule>>,
  above: readonly string[],
): Held[] {
  const via = [...above, role]
  const at = `policy.accessControl.roles.${role}`
  if (!/^[\p{L}\p{N}_.:@/-]+$/u.test(role)) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a role is named by one word', {
      at: 'policy.accessControl.roles',
      fix: 'use letters, digits, and . : @ / _ -',
    })
  }
  if (above.includes(role)) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', `the roles ${via.join(' -> ')} take over from one another`, {
      at,
      fix: 'let one of them list the permissions that both need',
    })
  }
  const entries: unknown = roles[role]
  if (!Array.isArray(entries)) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a role is a list of permissions and of other roles', {
      at,
      fix: `write ${role}: ['blog:view']`,
    })
  }
  return (entries as readonly string[]).flatMap((text): Held[] => {
    if (Object.hasOwn(roles, text)) return linesOf(text, roles, known, rules, via)
    const entry = parseEntry(text, known, at)
    if (entry.deny && Object.hasOwn(roles, text.slice(1))) {
      throw new BulwarkError('BULWARK_POLICY_INVALID', 'a role cannot be denied, only permissions can', {
        at,
        fix: 'deny each permission that must not be, such as "!blog:write"',
      })
    }
    const own = rules.get(entry.permission.split(':', 1)[0] as string)
    return [{ ...entry, via, rules: entry.rules.map((name) => own?.get(name) as CompiledRule) }]
  })
}

function checkLines(role: string, held: readonly Held[], permissions: readonly string[]): void {
  for (const { text, permission, rules, via, deny } of held) {
    const at = `policy.accessControl.roles.${via.at(-1)}`
    if (permission !== '*' && !permissions.some((one) => covers(permission, one))) {
      throw new BulwarkError('BULWARK_POLICY_INVALID', `"${text}" covers no permission that any role names`, {
        at,
        fix: 'name the permissions that it is to cover in some role: only what is named can be asked for',
      })
    }
    const personal = rules.find(({ constant }) => constant === undefined)
    if (role === 'guest' && personal !== undefined) {
      throw new BulwarkError(
        'BULWARK_POLICY_INVALID',
        `"${text}" ${deny ? 'denies' : 'allows'} guests by a rule about who they are, which nobody knows of a guest`,
        {
          at,
          fix: `give ${personal.at} a condition that is the same for everybody, such as { where: { status: 'published' } }`,
        },
      )
    }
  }
}

function covers(pattern: string, permission: string): boolean {
  return (
    pattern === '*' || pattern === permission || (pattern.endsWith(':*') && permission.startsWith(pattern.slice(0, -1)))
  )
}

function toTable(held: readonly Held[], permissions: readonly string[]): Table {
  // Out of tables each line comes once for every permission that it covers.
  const lines = [...new Set(held)]
  const of = (permission: string, deny: boolean): Held[] =>
    once(lines.filter((line) => line.deny === deny && covers(line.permission, permission)))
  const allows = permissions.map((permission) => of(permission, false))
  const denies = permissions.map((permission) => of(permission, true))
  const codes = Uint8Array.from(permissions, (_, id) => codeOf(allows[id] ?? [], denies[id] ?? []))
  return { codes, allows, denies }
}

/** A line that comes on two ways counts once. */
function once(lines: readonly Held[]): Held[] {
  return lines.filter((line, i) => lines.findIndex(({ text }) => text === line.text) === i)
}

function codeOf(allows: readonly Held[], denies: readonly Held[]): number {
  // A denial of fields leaves the rest of the object to whoever may.
  const whole = denies.filter(({ fields }) => fields === undefined)
  if (whole.some(({ rules }) => rules.length === 0)) return NEVER_EVER
  if (allows.length === 0) return NO
  return whole.length === 0 && allows.some(({ rules }) => rules.length === 0) ? YES : DEPENDS
}

function rulesOf(resource: string, rules: Readonly<Record<string, ObjectRule>>): Map<string, CompiledRule> {
  return new Map(
    Object.entries(rules).map(([name, rule]) => {
      const at = `policy.accessControl.resources.${resource}.rules.${name}`
      if (!/^[a-z][\w-]*$/i.test(name)) {
        throw new BulwarkError('BULWARK_POLICY_INVALID', 'a rule is named by one word', { at, fix: 'such as "own"' })
      }
      return [name, compileRule(name, rule, at)]
    }),
  )
}

function compileRule(name: string, rule: ObjectRule, at: string): CompiledRule {
  const plain: CompiledRule = { name, at, test: undefined, where: undefined, constant: undefined }
  if (typeof rule === 'function') return { ...plain, test: rule }
  const where = (rule as { where?: unknown } | undefined)?.where
  if (typeof where === 'function') return { ...plain, where: where as (person: Person) => unknown }
  if (typeof where === 'object' && where !== null) return { ...plain, constant: toConstant(where as Where, at) }
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no rule about objects', {
    at,
    fix: 'write (person, post: Post) => post.author === person.id, or { where: (person) => ({ author: person.id }) }',
  })
}

/** A condition that is the same for everybody is checked when the app starts; nothing in it may be left open. */
function toConstant(where: Where, at: string): Filter {
  const filter = toFilter(where, NEVER, at)
  if (JSON.stringify(filter) === JSON.stringify(toFilter(where, ALWAYS, at))) return filter
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'the condition compares with undefined', {
    at,
    fix: 'compare with null for a field that is empty',
  })
}

/** What is used where nothing is known: it never allows and always denies. */
export function unknownFor(deny: boolean): Filter {
  return deny ? ALWAYS : NEVER
}
