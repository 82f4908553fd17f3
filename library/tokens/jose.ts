import type { KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'
import { BulwarkError } from '../core/errors.ts'

/** A public key as key sets publish it (RFC 7517). */
export interface Jwk {
  readonly kty?: string
  readonly kid?: string
  readonly use?: string
  readonly alg?: string
  readonly key_ops?: readonly string[]
  readonly [member: string]: unknown
}

/** A key that the package has read. */
export type ReadKey = Readonly<Record<never, never>> | Uint8Array

/** What is used of the package `jose`. */
export interface Jose {
  importJWK(jwk: object, alg: string): Promise<ReadKey>
  exportJWK(key: KeyObject): Promise<Jwk>
  compactVerify(
    token: string,
    key: ReadKey,
    options: { readonly algorithms: string[] },
  ): Promise<{ readonly payload: Uint8Array; readonly protectedHeader: object }>
  readonly CompactSign: new (
    payload: Uint8Array,
  ) => {
    setProtectedHeader(header: object): { sign(key: ReadKey | KeyObject): Promise<string> }
  }
}

let loaded: Jose | undefined

/**
 * Loads the package `jose`, at start-up, so that an app without it does not start instead of refusing everybody.
 * @throws BulwarkError `BULWARK_PACKAGE_MISSING`
 */
export function loadJose(): Jose {
  if (loaded !== undefined) return loaded
  try {
    loaded = createRequire(import.meta.url)('jose') as Jose
    return loaded
  } catch (cause) {
    throw new BulwarkError('BULWARK_PACKAGE_MISSING', 'signed tokens need the package jose', {
      fix: 'npm install jose@6',
      cause,
    })
  }
}
