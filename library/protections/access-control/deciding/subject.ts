import { opaqueRule, type Scope, toScope } from '../lists/scope.ts'
import { type Compiled, DEPENDS, type Held, NEVER_EVER, type Table, tableOf, unknownFor, YES } from './compile.ts'
import { type Explanation, explain } from './explain.ts'
import { type FieldAccess, fieldAccess } from './fields.ts'
import { allOf, anyOf, type Filter, matches, NEVER, notOf, textOf, toFilter, type Where } from './filter.ts'
import type { GrantBook } from './grants.ts'
import type { Person } from './policy.ts'
import { AccessDenied, unknownPermission } from './refusal.ts'

const GUEST: readonly string[] = ['guest']

/** What one person may do. Made once for each request; the rules are worked out when they are first needed. */
export class Subject {
  readonly person: Person | undefined
  readonly #compiled: Compiled
  readonly #table: Table
  readonly #grants: GrantBook | undefined
  #filters: Map<Held, readonly Filter[]> | undefined = undefined

  constructor(compiled: Compiled, person: Person | undefined, grants?: GrantBook) {
    this.person = person
    this.#compiled = compiled
    this.#table = tableOf(compiled, person === undefined ? GUEST : person.roles)
    this.#grants = grants
  }

  can(permission: string, object?: object): boolean {
    const id = this.#compiled.ids.get(permission)
    if (id === undefined) throw unknownPermission(permission, this.#compiled.permissions)
    if (this.#grants === undefined) {
      const code = this.#table.codes[id]
      if (code === YES) return true
      if (code !== DEPENDS || object == null) return false
    }
    return this.#judge(id, object)
  }

  /** Whether there may be an object with which it is allowed: what a route can know before it has loaded one. */
  mightDo(permission: string): boolean {
    const id = this.#compiled.ids.get(permission)
    // A contract that slipped past the check at start-up refuses; a failure could be turned into a pass by `onFailure`.
    if (id === undefined) return false
    const code = this.#table.codes[id] as number
    if (code === YES || code === DEPENDS) return true
    return code !== NEVER_EVER && this.#grants !== undefined && this.#grants.allowed(permission).length > 0
  }

  /** Whether the answer may differ from object to object. */
  dependsOnObject(permission: string): boolean {
    return !this.can(permission) && this.mightDo(permission)
  }

  assert(permission: string, object?: object): void {
    if (!this.can(permission, object)) throw this.refusal(permission, object)
  }

  refusal(permission: string, object?: object): AccessDenied {
    const resource = this.#compiled.resources[this.#idOf(permission)]
    const hidden = resource?.hide === true && object != null
    return new AccessDenied(
      permission,
      hidden ? 404 : this.person === undefined ? 401 : 403,
      this.explain(permission, object).because,
      'let the error reach the framework, which answers with its status; explain() tells more',
    )
  }

  explain(permission: string, object?: object): Explanation {
    const id = this.#idOf(permission)
    return explain({
      permission,
      person: this.person,
      code: this.#table.codes[id] as number,
      allows: this.#table.allows[id] as readonly Held[],
      denies: this.#table.denies[id] as readonly Held[],
      granted: this.#grantOf(id, object),
      objectGiven: object != null,
      allowed: this.can(permission, object),
      holds: (held, i) => this.#ruleHolds(held, i, object),
    })
  }

  scope(permission: string): Scope {
    const id = this.#idOf(permission)
    const code = this.#table.codes[id] as number
    if (code === NEVER_EVER) return toScope(NEVER)
    const resource = this.#compiled.resources[id]
    const idField = resource?.id ?? 'id'
    const granted = (ids: readonly string[]): Filter =>
      ids.length === 0 ? NEVER : { op: 'in', field: idField, values: ids }
    const allows = (this.#table.allows[id] as readonly Held[]).filter(({ rules }) => rules.length > 0)
    const denies = (this.#table.denies[id] as readonly Held[]).filter(({ fields }) => fields === undefined)
    // What is allowed without a rule makes the rules of other lines idle, so they need not be data.
    const always = (this.#table.allows[id] as readonly Held[]).length > allows.length
    const allowed = always
      ? ALWAYS_ALLOWED
      : anyOf([...allows.map((held) => this.#asFilter(held)), granted(this.#grants?.allowed(permission) ?? [])])
    if (allowed.op === 'never') return toScope(NEVER)
    const denied = anyOf([
      ...denies.map((held) => this.#asFilter(held)),
      granted(this.#grants?.denied(permission) ?? []),
    ])
    return toScope(allOf([allowed, notOf(denied)]))
  }

  fields(permission: string, object?: object): FieldAccess {
    const id = this.#idOf(permission)
    if (!this.can(permission, object)) return fieldAccess(permission, 'only', [])
    const granted = this.#grantOf(id, object)
    let all = false
    const names = new Set<string>()
    const add = (fields: readonly string[] | undefined): void => {
      if (fields === undefined) all = true
      else for (const field of fields) names.add(field)
    }
    if (granted?.effect === 'allow') add(granted.fields)
    for (const held of this.#table.allows[id] as readonly Held[])
      if (this.#holds(held, object) === true) add(held.fields)
    const denied = (this.#table.denies[id] as readonly Held[])
      .filter((held) => held.fields !== undefined && this.#holds(held, object) !== false)
      .flatMap(({ fields }) => fields ?? [])
    if (all) return fieldAccess(permission, 'all', [...new Set(denied)])
    return fieldAccess(
      permission,
      'only',
      [...names].filter((field) => !denied.includes(field)),
    )
  }

  #idOf(permission: string): number {
    const id = this.#compiled.ids.get(permission)
    if (id === undefined) throw unknownPermission(permission, this.#compiled.permissions)
    return id
  }

  #judge(id: number, object: object | undefined): boolean {
    const granted = this.#grantOf(id, object)
    if (granted?.effect === 'deny') return false
    // Without an object the question is whether it is allowed with every one.
    if (object == null && this.#isDeniedSomewhere(id)) return false
    for (const held of this.#table.denies[id] as readonly Held[]) {
      if (held.fields === undefined && this.#holds(held, object) !== false) return false
    }
    for (const held of this.#table.allows[id] as readonly Held[]) if (this.#holds(held, object) === true) return true
    return granted !== undefined
  }

  #isDeniedSomewhere(id: number): boolean {
    return (this.#grants?.denied(this.#compiled.permissions[id] as string).length ?? 0) > 0
  }

  #grantOf(id: number, object: object | undefined): ReturnType<GrantBook['of']> {
    if (this.#grants === undefined || object == null) return undefined
    const field = this.#compiled.resources[id]?.id ?? 'id'
    const key = textOf((object as Readonly<Record<string, unknown>>)[field])
    return typeof key === 'string' ? this.#grants.of(this.#compiled.permissions[id] as string, key) : undefined
  }

  /** Whether every rule of the line holds; `undefined` when that cannot be known without an object. */
  #holds(held: Held, object: object | undefined): boolean | undefined {
    if (held.rules.length === 0) return true
    if (object == null) return undefined
    for (let i = 0; i < held.rules.length; i++) if (!this.#ruleHolds(held, i, object)) return false
    return true
  }

  #ruleHolds(held: Held, i: number, object: object | undefined): boolean | undefined {
    if (object == null) return undefined
    const { test } = held.rules[i] as Held['rules'][number]
    if (test === undefined) return matches(this.#filtersOf(held)[i] as Filter, object)
    if (this.person === undefined) return held.deny
    const answer: unknown = test(this.person, object as never)
    // A promise is no answer; taken for one it would allow everything. What denies does so unless it clearly says no.
    return held.deny ? answer !== false : answer === true
  }

  #asFilter(held: Held): Filter {
    const opaque = held.rules.find(({ test }) => test !== undefined)
    if (opaque !== undefined) throw opaqueRule(opaque)
    return allOf(this.#filtersOf(held))
  }

  #filtersOf(held: Held): readonly Filter[] {
    this.#filters ??= new Map()
    let filters = this.#filters.get(held)
    if (filters === undefined) {
      const unknown = unknownFor(held.deny)
      filters = held.rules.map(({ where, constant, at }) => {
        if (constant !== undefined) return constant
        return where === undefined || this.person === undefined
          ? unknown
          : toFilter(where(this.person) as Where, unknown, at)
      })
      this.#filters.set(held, filters)
    }
    return filters
  }
}

const ALWAYS_ALLOWED: Filter = { op: 'always' }
