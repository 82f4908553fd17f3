import { z } from 'zod'

/**
 * What a form or a query may hold: these texts, each once, and nothing else. Whether they make sense is said by the route, next to the
 * field; a form that lacks one of them has left it empty.
 */
export function texts<const Name extends string>(
  ...names: readonly Name[]
): z.ZodObject<Record<Name, z.ZodDefault<z.ZodString>>> {
  const one = z.string().default('')
  return z.object(Object.fromEntries(names.map((name) => [name, one])) as Record<Name, typeof one>)
}
