import { BulwarkError } from '../../core/errors.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { isHidden } from './hidden.ts'

export interface SecretsOptions extends CommonOptions {
  /**
   * Hidden folders and files that the app serves on purpose, such as `/.internal/`. What begins with one of them passes.
   * @default [] (`/.well-known/` always passes)
   */
  readonly served?: readonly string[]
}

const HIDDEN: Denial = deny('published-secret', 'a path that leads to a hidden file or folder', 404)

/**
 * Denies paths with a hidden file or folder in them (`/.env`, `/.git/config`, `/a/.aws/credentials`) as if nothing were there: a folder that is
 * served by mistake, or with more in it than was meant, then gives away no secret.
 *
 * **Security**: CWE-538; ASVS 13.4.1. RFC 8615 keeps `/.well-known/` for what everybody may read.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`
 */
export function secrets({ served = [] }: SecretsOptions, _setup: Setup): Guard {
  served.forEach(checkServed)
  return {
    name: 'secrets',
    phase: 'shape',
    onRequest({ request: { path } }) {
      if (!isHidden(path)) return undefined
      return served.some((prefix) => path.startsWith(prefix)) ? undefined : HIDDEN
    },
  }
}

function checkServed(prefix: string, i: number): void {
  if (/^\/[!-~]*\.[!-~]+$/.test(prefix)) return
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no path with a hidden file or folder in it', {
    at: `policy.secrets.served[${i}]`,
    fix: "write it as it stands in addresses, such as '/.internal/'",
  })
}
