import { BulwarkError } from '../../../core/errors.ts'

/** A value that no query may hold. What is refused here came in a request most of the time, so it is answered with 400. */
export class RefusedValue extends BulwarkError {
  readonly status: number = 400

  constructor(what: string, fix: string, at?: string) {
    super('BULWARK_QUERY_INVALID', what, { fix, ...(at !== undefined && { at }) })
  }
}

/** What a value is, in a few words, and never the value itself. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number') return Number.isNaN(value) ? 'NaN' : 'an infinite number'
  if (typeof value !== 'object') return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  return 'an object'
}
