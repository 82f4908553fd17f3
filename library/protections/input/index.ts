import type { Schema, SchemaIssue } from '../../core/schema.ts'

export { type Fields, fields } from './kit/fields.ts'
export type { Lengths } from './kit/lengths.ts'
export type { TextSchema } from './kit/schema.ts'
export { type DecimalOptions, type IntegerOptions, type TextKit, text, type UrlOptions } from './kit/text.ts'

/** What ajv compiles: a function that answers whether, and keeps its errors. */
interface CompiledByAjv<Output> {
  (data: unknown): data is Output
  readonly schema?: unknown
  errors?: readonly { readonly instancePath: string; readonly message?: string | undefined }[] | null
}

/** What TypeBox compiles: a check, and the errors on demand. */
interface CompiledByTypeBox<Output> {
  Check(value: unknown): value is Output
  Schema?(): unknown
  Errors(value: unknown): Iterable<CompiledError>
}

interface CompiledError {
  readonly path?: string
  readonly instancePath?: string
  readonly message?: string | undefined
}

/**
 * A Standard Schema of what ajv or TypeBox compiled: `secure({ body: schemaOf(ajv.compile(schema)) })`.
 *
 * The validator sees a copy, so options of ajv that change what they check (`coerceTypes`, `useDefaults`, `removeAdditional`) take effect on
 * that copy, which is what the handler gets.
 * **Security**: with `allErrors` ajv can be made to do much work; leave it off for input of strangers (CWE-400).
 */
export function schemaOf<Output>(compiled: CompiledByAjv<Output> | CompiledByTypeBox<Output>): Schema<Output> {
  const jsonSchema = typeof compiled === 'function' ? compiled.schema : compiled.Schema?.()
  return {
    ...(jsonSchema !== undefined && { jsonSchema }),
    '~standard': {
      version: 1,
      vendor: typeof compiled === 'function' ? 'ajv' : 'typebox',
      validate(sent) {
        const value = copyOf(sent)
        const isRight = typeof compiled === 'function' ? compiled(value) : compiled.Check(value)
        if (isRight) return { value: value as Output }
        const errors =
          typeof compiled === 'function' ? (compiled.errors ?? []) : [...compiled.Errors(value)].slice(0, 32)
        return { issues: errors.map(toIssue) }
      },
    },
  }
}

function toIssue(error: CompiledError): SchemaIssue {
  const pointer = error.instancePath ?? error.path ?? ''
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  return { message: error.message ?? 'is not valid', path }
}

/** A copy of plain data; what else there may be in it stays the same thing. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.keys(value).length === 0
    ? value
    : Object.fromEntries(Object.entries(value).map(([key, below]) => [key, copyOf(below)]))
}
