import { BulwarkError } from '../../../core/errors.ts'
import type { OutputOf, Schema, SchemaIssue, SchemaResult } from '../../../core/schema.ts'

type Shape = Readonly<Record<string, Schema>>

/** What {@link fields} makes of an object. */
export type Fields<Required extends Shape, Optional extends Shape> = {
  readonly [Key in keyof Required]: OutputOf<Required[Key]>
} & { readonly [Key in keyof Optional]?: OutputOf<Optional[Key]> }

/**
 * A Standard Schema for an object: `fields({ name: text.name(), email: text.email() }, { site: text.url() })`. Each field may be a schema of
 * any library, another `fields()` too.
 *
 * @param required each must be there
 * @param optional may be missing; one that is there must be right
 * @throws BulwarkError `BULWARK_SCHEMA_INVALID`
 *
 * **Security**: the result holds the fields that are named here and nothing else (CWE-915), each read as an own property (CWE-1321).
 */
export function fields<const Required extends Shape, const Optional extends Shape = Record<never, never>>(
  required: Required,
  optional?: Optional,
): Schema<Fields<Required, Optional>> {
  const all = [...toEntries(required, true), ...toEntries(optional ?? {}, false)]
  return {
    '~standard': {
      version: 1,
      vendor: 'bulwark',
      validate(value) {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) {
          return { issues: [{ message: value === undefined ? 'is required' : 'must be an object' }] }
        }
        const results = all.map((field) => ask(field, value as Readonly<Record<string, unknown>>))
        return results.some(isPromise) ? Promise.all(results).then(conclude) : conclude(results as readonly Asked[])
      },
    },
  }

  function conclude(results: readonly Asked[]): SchemaResult<Fields<Required, Optional>> {
    const issues: SchemaIssue[] = []
    const made: [string, unknown][] = []
    results.forEach((result, i) => {
      const key = all[i]!.key
      if (result === undefined) return
      if (result.issues === undefined) made.push([key, result.value])
      else for (const issue of result.issues) issues.push({ ...issue, path: [key, ...(issue.path ?? [])] })
    })
    return issues.length > 0 ? { issues } : { value: Object.fromEntries(made) as Fields<Required, Optional> }
  }
}

interface Field {
  readonly key: string
  readonly schema: Schema
  readonly isRequired: boolean
}

/** `undefined` for a field that is not there and need not be. */
type Asked = SchemaResult | undefined

function ask({ key, schema, isRequired }: Field, value: Readonly<Record<string, unknown>>): Asked | PromiseLike<Asked> {
  // Read before it is asked whose it is: what finds out the keys of a schema listens to reads. What others have put on a prototype is not sent.
  const found = value[key]
  const given = Object.hasOwn(value, key) || !(key in Object.prototype) ? found : undefined
  if (given === undefined) return isRequired ? { issues: [{ message: 'is required' }] } : undefined
  return schema['~standard'].validate(given)
}

function toEntries(shape: Shape, isRequired: boolean): Field[] {
  return Object.entries(shape).map(([key, schema]) => {
    if ((schema as Partial<Schema> | undefined)?.['~standard']?.version === 1 && key !== '__proto__') {
      return { key, schema, isRequired }
    }
    throw new BulwarkError('BULWARK_SCHEMA_INVALID', 'a field is described by a Standard Schema', {
      at: `fields({ ${key} })`,
      fix: 'use text.line() and the like, or a schema of zod, valibot, arktype, joi or yup',
    })
  })
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
