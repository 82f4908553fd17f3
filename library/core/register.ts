/**
 * Tells the types which policy the app has, so that a permission with a typing error does not compile:
 *
 * ```ts
 * export const policy = definePolicy({ accessControl: { roles: { guest: ['post:read'] }, ... } })
 * declare module 'bulwark' {
 *   interface Register { policy: typeof policy }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: apps add to it
export interface Register {}

/** The names of permissions: those of the registered policy, or any text where none is registered. */
export type Permission = Register extends { readonly policy: infer P } ? PermissionOf<P> : string

/** The permissions that a policy's roles name: without `!`, without the rules behind them, without roles and wildcards. */
export type PermissionOf<P> = P extends { readonly accessControl: infer A } ? PermissionIn<A> : string

/** The same for the access-control part alone. */
export type PermissionIn<A> = A extends { readonly roles: infer R extends Readonly<Record<string, readonly string[]>> }
  ? string extends R[keyof R][number]
    ? string
    : Exclude<Bare<R[keyof R][number], ResourceIn<A>>, keyof R | '*' | `${string}:*`>
  : string

type ResourceIn<A> = A extends { readonly resources: infer Resources } ? keyof Resources & string : never

type Bare<Entry extends string, Resource extends string> = Entry extends `!${infer Rest}`
  ? Bare<Rest, Resource>
  : Entry extends `${infer Head} [${string}]`
    ? Bare<Head, Resource>
    : Entry extends `${infer A}:${infer B}:${string}`
      ? A extends Resource
        ? `${A}:${B}`
        : Entry
      : Entry
