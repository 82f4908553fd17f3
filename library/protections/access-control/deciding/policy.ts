import type { Where } from './filter.ts'

/**
 * What each role may do, line by line:
 *
 * - another role: everything that it may
 * - `post:edit`: a permission, on every object
 * - `post:edit:own`: only on objects for which the rule `own` of the resource `post` holds
 * - `post:edit [title, text]`: only these fields
 * - `post:*`, `*`: everything that any role names
 * - `!post:delete`: never, whoever allows it
 */
export type Roles = Readonly<Record<string, readonly string[]>>

/** Somebody who is known. Attributes for rules are added by declaration merging, or kept in an object that has more. */
export interface Person {
  readonly id: string
  readonly roles: readonly string[]
}

/** What the policy knows about one kind of object. */
export interface Resource {
  /** By these names roles speak of some objects and not of others: `rules: { own: ... }` gives `post:edit:own`. */
  readonly rules?: Readonly<Record<string, ObjectRule>>
  /** The field that tells objects apart, for stored grants. @default 'id' */
  readonly id?: string
  /**
   * Answers 404 instead of 403 for an object that somebody may not have, so that nobody learns which ones there are.
   * @default false
   */
  readonly hide?: boolean
}

export type Resources = Readonly<Record<string, Resource>>

/**
 * A rule about an object: a condition, which can also become a filter for lists, or a function, which can only look at one object.
 *
 * **Security**: a function allows by answering `true` and nothing else; it is never asked about somebody unknown. What a condition
 * compares with `undefined` allows nothing, and denies everything.
 */
export type ObjectRule =
  | ((person: Person, object: never) => boolean)
  | { readonly where: Where | ((person: Person) => Where) }
