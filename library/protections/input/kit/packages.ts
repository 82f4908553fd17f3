import { createRequire } from 'node:module'
import { BulwarkError } from '../../../core/errors.ts'

/** The checks that rest on lists and grammars which others keep up to date: the package `validator`, version 13. */
export interface Checks {
  isEmail(text: string, options?: Readonly<Record<string, unknown>>): boolean
  isFQDN(text: string, options?: Readonly<Record<string, unknown>>): boolean
  isISO31661Alpha2(text: string): boolean
}

const require = createRequire(import.meta.url)

/**
 * Loads the package when the first schema that needs it is made, which is when the app starts.
 *
 * @throws BulwarkError `BULWARK_PACKAGE_MISSING`
 */
export function loadChecks(neededBy: string): Checks {
  try {
    return require('validator') as Checks
  } catch (cause) {
    throw new BulwarkError('BULWARK_PACKAGE_MISSING', `${neededBy} needs the package validator`, {
      fix: 'npm install validator@13',
      cause,
    })
  }
}
