import type { Permission, PermissionIn } from '../../core/register.ts'
import type { Store } from '../../core/store.ts'
import { compile } from './deciding/compile.ts'
import type { Explanation } from './deciding/explain.ts'
import type { FieldAccess } from './deciding/fields.ts'
import { GrantBook, GrantLedger, type Grants, type StoredGrant } from './deciding/grants.ts'
import type { Person, Resources, Roles } from './deciding/policy.ts'
import { Subject } from './deciding/subject.ts'
import type { Scope } from './lists/scope.ts'

export type { ExplainedLine, Explanation } from './deciding/explain.ts'
export type { FieldAccess } from './deciding/fields.ts'
export type { Condition, Filter, Scalar, Where } from './deciding/filter.ts'
export type { GrantSource, Grants, Holder, StoredGrant } from './deciding/grants.ts'
export type { ObjectRule, Person, Resource, Resources, Roles } from './deciding/policy.ts'
export { AccessDenied } from './deciding/refusal.ts'
export { type ScopeMongoOptions, scopeToMongo } from './lists/mongo.ts'
export type { Scope } from './lists/scope.ts'
export { type ScopeSql, type ScopeSqlOptions, scopeToSql } from './lists/sql.ts'

/** The access part of a policy. */
export interface AccessRules {
  readonly roles: Roles
  readonly resources?: Resources
}

/** What one person may do, outside of a request. */
export interface PersonAccess<P extends string = Permission> {
  readonly person: Person | undefined
  can(permission: P, object?: object): boolean
  assert(permission: P, object?: object): void
  explain(permission: P, object?: object): Explanation
  scope(permission: P): Scope
  fields(permission: P, object?: object): FieldAccess
}

export interface Access<P extends string = Permission> {
  /** Every permission that some role names. */
  readonly permissions: readonly P[]
  /** What this person may do; `undefined` asks for a guest. Stored grants are handed in, where there are some. */
  as(person: Person | undefined, grants?: readonly StoredGrant[]): PersonAccess<P>
}

/**
 * Works out what roles may do, for code outside of requests: jobs, tests, sockets. The same rules as `policy.accessControl`.
 *
 * @throws BulwarkError `BULWARK_POLICY_INVALID`
 */
export function createAccess<const R extends AccessRules>(rules: R): Access<PermissionIn<R>> {
  const compiled = compile(rules.roles, rules.resources)
  return {
    permissions: compiled.permissions as readonly PermissionIn<R>[],
    as: (person, grants) => new Subject(compiled, person, grants && new GrantBook(grants)),
  }
}

/** Stored grants outside of requests, such as in a program for administrators. `app` is the policy's name of the app. */
export function createGrants(store: Store, app = 'app'): Grants {
  return new GrantLedger(store, app, undefined)
}
