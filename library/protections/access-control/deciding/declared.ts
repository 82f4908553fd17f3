import type { KnownRoute } from '../../../core/contract.ts'
import { BulwarkError } from '../../../core/errors.ts'
import type { Setup } from '../../../core/policy.ts'
import type { AccessControlOptions } from '../guard.ts'
import { type Compiled, DEPENDS, type Held, YES } from './compile.ts'

/** What `bulwark routes` shows of the policy: for each permission, which role has it. */
export interface AccessFacts {
  readonly roles: readonly string[]
  /** By permission and role: `yes`, `no`, or the rules on which it depends, such as `own` or `own+draft|team`. */
  readonly permissions: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export function factsOf(compiled: Compiled | undefined): AccessFacts {
  if (compiled === undefined) return { roles: [], permissions: {} }
  const roles = [...compiled.roles.keys()]
  const permissions = Object.fromEntries(
    compiled.permissions.map((permission, id) => [
      permission,
      Object.fromEntries(roles.map((role) => [role, wordOf(compiled, role, id)])),
    ]),
  )
  return { roles, permissions }
}

function wordOf(compiled: Compiled, role: string, id: number): string {
  const table = compiled.roles.get(role)
  const code = table?.codes[id]
  if (table === undefined || (code !== YES && code !== DEPENDS)) return 'no'
  const allows = toWords(table.allows[id] ?? [])
  const denies = toWords((table.denies[id] ?? []).filter(({ fields }) => fields === undefined))
  const words = [...(allows.includes('') ? [] : [allows.join('|')]), ...denies.map((word) => `not ${word}`)]
  return words.length === 0 ? 'yes' : words.join(' ')
}

function toWords(lines: readonly Held[]): string[] {
  return [...new Set(lines.map(({ rules }) => rules.map(({ name }) => name).join('+')))].sort()
}

/** A permission that no role has would lock its route for ever; more likely it is a typing error. */
export function checkDeclared(routes: readonly KnownRoute[], { ids, permissions }: Compiled): void {
  for (const route of routes) {
    const allow = route.contract?.allow
    const { object } = route.contract ?? {}
    if (object !== undefined && typeof object !== 'function') {
      throw new BulwarkError('BULWARK_POLICY_INVALID', 'object is a function that loads what the route is about', {
        at: lineOf(route).trim(),
        fix: 'write object: (x) => posts.find(x.params.id)',
      })
    }
    if (allow === undefined || allow === 'anyone' || ids.has(allow)) continue
    throw new BulwarkError('BULWARK_POLICY_INVALID', `no role has the permission "${allow}"`, {
      at: lineOf(route).trim(),
      fix: `give it to a role in policy.accessControl.roles, or use one of: ${permissions.join(', ')}`,
    })
  }
}

export function undeclared(open: readonly KnownRoute[]): BulwarkError {
  return new BulwarkError(
    'BULWARK_ROUTE_UNDECLARED',
    `the policy names roles, but ${open.length} of the app's routes do not say who may call them:\n${open.map(lineOf).join('\n')}`,
    {
      fix: `declare each with secure({ allow: 'a:permission' }), or secure({ allow: 'anyone' }) where everybody may`,
    },
  )
}

export function lineOf({ method, path, at }: KnownRoute): string {
  return `  ${method.padEnd(6)} ${path}${at === undefined ? '' : `  ${at}`}`
}

/** @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_POLICY_UNSAFE` */
export function checkOptions({ roles = {}, identify, grants, undecided }: AccessControlOptions, setup: Setup): void {
  if (identify === undefined && Object.keys(roles).some((role) => role !== 'guest')) {
    throw new BulwarkError(
      'BULWARK_POLICY_INVALID',
      'the policy names roles, but not how to find out who somebody is',
      {
        at: 'policy.accessControl',
        fix: 'add identify: (x) => ({ id, roles }) and answer undefined for somebody unknown',
      },
    )
  }
  if (undecided !== undefined && undecided !== 'report' && undecided !== 'deny') {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'an undecided answer is reported or denied', {
      at: 'policy.accessControl.undecided',
      fix: "write 'report' or 'deny'",
    })
  }
  if (grants !== undefined && grants !== true && typeof grants?.grantsOf !== 'function') {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'grants come from the store, or from a source of the app', {
      at: 'policy.accessControl.grants',
      fix: 'write true, or { grantsOf: (person, roles) => [...] }',
    })
  }
  // A denial that ends with the process would come back as an allowance.
  if (grants === true && setup.production && !setup.store.shared) {
    throw new BulwarkError(
      'BULWARK_POLICY_UNSAFE',
      'stored grants would end with this process, and denials with them',
      {
        at: 'policy.accessControl.grants',
        fix: "give the policy a store, such as sqliteStore('app.db')",
      },
    )
  }
}

export function unkept(): BulwarkError {
  return new BulwarkError('BULWARK_POLICY_INVALID', 'the policy keeps no grants', {
    at: 'policy.accessControl.grants',
    fix: 'write grants: true',
  })
}
