import type { KnownRoute, ProtectedApp } from 'bulwark'
import { toVisible } from './visible.ts'

/** One route as the console shows it. */
export interface ShownRoute {
  readonly method: string
  readonly path: string
  /** `file:line` of the registration, where it is known. */
  readonly at: string | undefined
  /** A permission, `anyone`, or nothing where the route declares neither. */
  readonly allow: string | undefined
  /** Whether the policy names roles and the route says nothing. */
  readonly isUndeclared: boolean
  /** Who may call it, with what it depends on. */
  readonly who: readonly string[]
  /** What else the route declares, in a few words each. */
  readonly declares: readonly string[]
}

type Facts = {
  readonly roles?: readonly string[]
  readonly permissions?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** The routes of an app, those that declare nothing first; `undefined` where the adapter knows none, and the failure where asking failed. */
export function routesOf(app: ProtectedApp): readonly ShownRoute[] | undefined | { readonly failure: string } {
  let routes: readonly KnownRoute[] | undefined
  try {
    routes = app.routes()
  } catch (error) {
    return { failure: toVisible(error instanceof Error ? error.message : String(error)) }
  }
  return routes
    ?.filter(({ method }) => method !== 'HEAD' && method !== 'OPTIONS')
    .map((route) => toShown(route, app.facts['access-control'] as Facts | undefined))
    .sort(
      (a, b) =>
        Number(b.isUndeclared) - Number(a.isUndeclared) || compare(a.path, b.path) || compare(a.method, b.method),
    )
}

function toShown({ method, path, at, contract }: KnownRoute, facts: Facts | undefined): ShownRoute {
  const { allow, ...rest } = (contract ?? {}) as Readonly<Record<string, unknown>>
  const hasRoles = (facts?.roles?.length ?? 0) > 0
  const isForOthers = ['caller', 'webhook', 'token'].some((key) => rest[key] !== undefined)
  const permission = typeof allow === 'string' ? allow : undefined
  return {
    method,
    path: toVisible(path),
    at: at === undefined ? undefined : toVisible(shortPlace(at)),
    allow: permission,
    isUndeclared: hasRoles && permission === undefined && !isForOthers,
    who: whoMay(permission, hasRoles, isForOthers, facts),
    declares: Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => toWords(key, value)),
  }
}

function whoMay(
  allow: string | undefined,
  hasRoles: boolean,
  isForOthers: boolean,
  facts: Facts | undefined,
): string[] {
  if (isForOthers && (allow === undefined || allow === 'anyone')) return ['no people: see what it declares']
  if (allow === 'anyone' || (!hasRoles && allow === undefined)) return ['everybody']
  if (allow === undefined) return ['nobody']
  const words = Object.entries(facts?.permissions?.[allow] ?? {}).filter(([, word]) => word !== 'no')
  return words.length === 0
    ? ['nobody']
    : words.map(([role, word]) => toVisible(word === 'yes' ? role : `${role} (${word})`))
}

/** A text is shown as it is, a reason as a reason; of a schema or a function only that there is one. */
function toWords(key: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return toVisible(`${key} ${value}`, 120)
  const reason = (value as { readonly off?: unknown } | null)?.off
  return toVisible(typeof reason === 'string' ? `${key} off: ${reason}` : key, 120)
}

/** The folders above the app say nothing that its own people do not know. */
function shortPlace(at: string): string {
  const here = `${process.cwd()}/`
  const path = at.replace(/^file:\/\//, '')
  return path.startsWith(here) ? path.slice(here.length) : path
}

/**
 * Who may call the console, as far as the routes of the apps can tell: `closed` where a permission is needed and asked for, `open` where
 * one is not, `unknown` where no route is known at its base.
 */
export function accessTo(apps: readonly ProtectedApp[], base: string): 'closed' | 'open' | 'unknown' {
  let found: 'closed' | 'unknown' = 'unknown'
  for (const app of apps) {
    const routes = routesOf(app)
    if (!Array.isArray(routes)) continue
    const isAsked = app.protections.some(({ name, state }) => name === 'access-control' && state === 'enforce')
    const hasRoles = ((app.facts['access-control'] as Facts | undefined)?.roles?.length ?? 0) > 0
    for (const { path, allow } of routes) {
      if (!isAtBase(path, base)) continue
      if (allow === undefined || allow === 'anyone' || !isAsked || !hasRoles) return 'open'
      found = 'closed'
    }
  }
  return found
}

function isAtBase(path: string, base: string): boolean {
  return path === base || (path.startsWith(base) && /^[/{*(]/.test(path.slice(base.length)))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
