import type { KnownRoute } from '../../core/contract.ts'
import { BulwarkError } from '../../core/errors.ts'
import type { Awaitable, Exchange } from '../../core/exchange.ts'
import { deny, type Guard, type Verdict } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { compileRoles, mayDo, type Permissions, type Roles } from './roles.ts'

export interface AccessControlOptions extends CommonOptions {
  /**
   * What each role may do: permissions, other roles to take over from, or `'*'`.
   *
   * **Security**: as soon as there are roles, a route that declares nothing keeps the app from starting (deny by default, ASVS 8.2.1).
   * @default none: routes are served under the default contract
   */
  readonly roles?: Roles
  /** Who sends this request: the roles of the person, or `undefined` for somebody unknown, who has the role `guest` if there is one. */
  readonly identify?: (x: Exchange) => Awaitable<Person | undefined>
}

export interface Person {
  readonly id: string
  readonly roles: readonly string[]
}

declare module '../../core/security.ts' {
  interface Security {
    /** Whether the person behind this request may do it, by the policy's roles. Without roles: never. */
    can(permission: string): boolean
    /** The person behind this request, as `accessControl.identify` answered when the route was matched. */
    readonly person: Person | undefined
  }
}

/**
 * Lets a route be called only by those whose role has the permission that the route declares, and names the routes that declare nothing.
 *
 * Without roles in the policy it only watches: which routes are served under the default contract, and which answers no route gave.
 * **Security**: deny by default (CWE-862, ASVS 8.2.1, 8.3.1); 401 for somebody unknown, 403 for somebody known.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`, and `BULWARK_ROUTE_UNDECLARED` when the app starts
 */
export function accessControl(options: AccessControlOptions, setup: Setup): Guard {
  const observe = (options.mode ?? setup.mode) === 'observe'
  const permissions = options.roles === undefined ? undefined : compileRoles(options.roles)
  if (permissions !== undefined) checkIdentify(options)
  const personOf = (x: Exchange): Person | undefined => x.notes.get('access-control') as Person | undefined
  const listed = new Set<string>()

  return {
    name: 'access-control',
    phase: 'access',
    onRoutes(routes) {
      const open = routes.filter((route) => route.contract?.allow === undefined && !isImplied(route))
      if (permissions === undefined) {
        listOnce(
          open.filter((route) => route.contract === undefined),
          listed,
          setup,
        )
        return
      }
      checkDeclared(routes, permissions)
      if (open.length === 0) return
      const error = new BulwarkError(
        'BULWARK_ROUTE_UNDECLARED',
        `the policy names roles, but ${open.length} of the app's routes do not say who may call them:\n${open.map(lineOf).join('\n')}`,
        {
          fix: `declare each with secure({ allow: 'a:permission' }), or secure({ allow: 'anyone' }) where everybody may`,
        },
      )
      if (!observe) throw error
      setup.report({
        guard: 'access-control',
        risk: 'missing-authorization',
        reason: error.message,
        outcome: 'observed',
        fix: error.fix,
      })
    },
    onRoute(x) {
      if (permissions === undefined) return undefined
      const allow = x.contract?.allow
      if (allow === undefined) return deny('missing-authorization', 'the route does not say who may call it')
      const found = options.identify?.(x)
      if (isPending(found)) return found.then((person) => decide(x, person, allow, permissions))
      return decide(x, found, allow, permissions)
    },
    onUncovered(x) {
      x.report({
        guard: 'access-control',
        risk: 'uncovered-route',
        reason: 'something answered that is no route: middleware, a static file, or a handler in front of the routes',
        fix: 'the baseline protects it; to put it under a contract, make it a route',
      })
    },
    offers: {
      person: personOf,
      can: (x) => (permission: string) =>
        permissions !== undefined && mayDo(permissions, rolesOf(personOf(x)), permission),
    },
  }
}

function decide(x: Exchange, person: Person | undefined, allow: string, permissions: Permissions): Verdict {
  if (person !== undefined) x.notes.set('access-control', person)
  if (allow === 'anyone' || mayDo(permissions, rolesOf(person), allow)) return undefined
  return person === undefined
    ? deny('missing-authorization', 'somebody unknown asked for what only certain roles may do', 401)
    : deny('missing-authorization', 'none of the roles of the person has the permission')
}

function rolesOf(person: Person | undefined): readonly string[] {
  return person?.roles ?? ['guest']
}

/** A permission that no role has would lock its route for ever; more likely it is a typing error. */
function checkDeclared(routes: readonly KnownRoute[], permissions: Permissions): void {
  const known = new Set([...permissions.values()].flatMap((own) => [...own]))
  for (const route of routes) {
    const allow = route.contract?.allow
    if (allow === undefined || allow === 'anyone' || known.has(allow)) continue
    throw new BulwarkError('BULWARK_POLICY_INVALID', `no role has the permission "${allow}"`, {
      at: lineOf(route).trim(),
      fix: `give it to a role in policy.accessControl.roles, or use one of: ${[...known].sort().join(', ')}`,
    })
  }
}

function checkIdentify(options: AccessControlOptions): void {
  if (options.identify !== undefined || Object.keys(options.roles ?? {}).every((role) => role === 'guest')) return
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'the policy names roles, but not how to find out who somebody is', {
    at: 'policy.accessControl',
    fix: 'add identify: (x) => ({ id, roles }) and answer undefined for somebody unknown',
  })
}

/** HEAD follows GET, and OPTIONS answers no content. */
function isImplied(route: KnownRoute): boolean {
  return route.method === 'HEAD' || route.method === 'OPTIONS'
}

function listOnce(routes: readonly KnownRoute[], listed: Set<string>, setup: Setup): void {
  const fresh = routes.filter((route) => !listed.has(`${route.method} ${route.path}`))
  for (const route of fresh) listed.add(`${route.method} ${route.path}`)
  if (fresh.length === 0) return
  setup.report({
    guard: 'access-control',
    risk: 'missing-authorization',
    reason: `${fresh.length} ${fresh.length === 1 ? 'route is' : 'routes are'} served under the default contract:\n${fresh.map(lineOf).join('\n')}`,
    fix: 'declare what each takes with secure({ ... }); name roles in the policy to make it the rule',
  })
}

function lineOf({ method, path, at }: KnownRoute): string {
  return `  ${method.padEnd(6)} ${path}${at === undefined ? '' : `  ${at}`}`
}

function isPending(value: Awaitable<Person | undefined> | undefined): value is PromiseLike<Person | undefined> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
