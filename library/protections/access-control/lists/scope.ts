import { BulwarkError } from '../../../core/errors.ts'
import type { CompiledRule } from '../deciding/compile.ts'
import type { Filter } from '../deciding/filter.ts'

/** Which objects somebody may do it with: for lists. Plain data; `scopeToSql` and `scopeToMongo` make questions of it. */
export type Scope =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | { readonly kind: 'some'; readonly where: Filter }

export function toScope(filter: Filter): Scope {
  if (filter.op === 'always') return { kind: 'all' }
  return filter.op === 'never' ? { kind: 'none' } : { kind: 'some', where: filter }
}

export function toFilterOf(scope: Scope): Filter {
  return scope.kind === 'some' ? scope.where : { op: scope.kind === 'all' ? 'always' : 'never' }
}

/** **Security**: a list must not silently hold less, or more, than `can` says. */
export function opaqueRule({ name, at }: CompiledRule): BulwarkError {
  return new BulwarkError(
    'BULWARK_SCOPE_OPAQUE',
    `the rule "${name}" is a function, and a list cannot be filtered by one`,
    {
      at,
      fix: 'write it as a condition: { where: (person) => ({ author: person.id }) }',
    },
  )
}
