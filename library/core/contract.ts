import type { Permission } from './register.ts'

/**
 * What one route declares. Each protection that can be set for one route adds its own key through
 * declaration merging of {@link Contract} in its `guard.ts`.
 */
export interface Contract {
  /**
   * Who may call the route: a permission of the policy's roles, or `'anyone'`.
   * As soon as the policy names roles, a route without it keeps the app from starting.
   */
  readonly allow?: Permission | 'anyone'
}

/**
 * No keys besides those of a {@link Contract}: with a type of its own for each route, the compiler would take any.
 */
export type Exactly<Declared> = { readonly [Key in Exclude<keyof Declared, keyof Contract>]: never }

/** One route of the app as the framework registered it. */
export interface KnownRoute {
  readonly method: string
  readonly path: string
  /** `file:line` of the registration, where it is known. */
  readonly at: string | undefined
  readonly contract: Contract | undefined
}
