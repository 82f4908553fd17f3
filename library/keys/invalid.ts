import { BulwarkError } from '../core/errors.ts'

/** Something about a sealed file of keys or secrets. */
export function invalid(what: string, at: string, fix: string, cause?: unknown): BulwarkError {
  return new BulwarkError('BULWARK_SEALED_FILE_INVALID', what, { at, fix, ...(cause !== undefined && { cause }) })
}
