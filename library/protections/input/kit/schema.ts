import { BulwarkError } from '../../../core/errors.ts'
import type { Schema } from '../../../core/schema.ts'
import { unfitText } from '../text.ts'

/** A Standard Schema for one kind of text, and the same as a predicate. */
export interface TextSchema extends Schema<string> {
  /** What is wrong with a value that is not such a text, as far as it can be said without looking at it. */
  readonly message: string
  /** Whether a value is such a text: `z.string().refine(schema.is, schema.message)`. Needs no `this`. */
  readonly is: (value: unknown) => value is string
}

/**
 * Makes a schema of a check. **Security**: nothing longer than `longest` is looked at, so whatever a pattern costs has a bound (CWE-1333);
 * control characters and broken Unicode are refused before it (CWE-176); messages never repeat the value (CWE-117).
 *
 * @param longest in UTF-16 units, which are never fewer than the characters
 * @param check answers what is wrong, or `undefined`
 */
export function textSchema(message: string, longest: number, check: (text: string) => string | undefined): TextSchema {
  const wrong = (value: unknown): string | undefined => {
    if (value === undefined) return 'is required'
    if (typeof value !== 'string') return 'must be a text'
    if (value.length > longest) return message
    return unfitText(value)?.message ?? check(value)
  }
  return {
    message,
    is: (value): value is string => wrong(value) === undefined,
    '~standard': {
      version: 1,
      vendor: 'bulwark',
      validate(value) {
        const found = wrong(value)
        return found === undefined ? { value: value as string } : { issues: [{ message: found }] }
      },
    },
  }
}

/** A schema that one pattern decides. The pattern must be free of ambiguous repetition. */
export function patternSchema(message: string, longest: number, pattern: RegExp): TextSchema {
  return textSchema(message, longest, (text) => (pattern.test(text) ? undefined : message))
}

/** A whole number from an option. Throws `BulwarkError` on what is none. */
export function checkCount(value: number, least: number, at: string): number {
  if (Number.isSafeInteger(value) && value >= least && value <= MOST) return value
  throw new BulwarkError('BULWARK_SCHEMA_INVALID', `"${String(value)}" is no such limit`, {
    at,
    fix: `use a whole number from ${least} to ${MOST}`,
  })
}

const MOST = 1_000_000
