import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { createEncryption, type Encryption } from './sealing/create.ts'
import { checkPurpose } from './sealing/head.ts'

/** There is nothing to set: keys are `policy.keys`. */
export interface EncryptionOptions extends CommonOptions {}

declare module '../../core/security.ts' {
  interface Security {
    /** Encrypts, signs, and signs links with the policy's keys. */
    readonly encryption: Encryption
  }
}

declare module '../../core/contract.ts' {
  interface Contract {
    /**
     * The route is only for links that `encryption.links(purpose).sign()` made for this purpose, without a context. Others get 403.
     *
     * **Security**: the whole path and query are signed, so no parameter can be changed or added.
     */
    readonly signedLink?: string
  }
}

/**
 * Gives routes `req.security.encryption`, and lets only signed links through to routes that declare `signedLink`.
 *
 * **Security**: CWE-321, CWE-327, CWE-347, CWE-353; ASVS 11.3.2, 11.3.3, 9.1.1.
 */
export function encryption(_options: EncryptionOptions, setup: Setup): Guard {
  const made = createEncryption({ keys: setup.ring, now: setup.now })
  return {
    name: 'encryption',
    phase: 'access',
    onRoute(x: Exchange): Denial | undefined {
      const purpose = x.contract?.signedLink
      if (purpose === undefined) return undefined
      if (made.links(purpose).isSigned(x.request.target, { method: x.request.method })) return undefined
      return deny('altered-link', 'the link is not signed for this, was changed, or has expired')
    },
    onRoutes(routes) {
      // What could never be signed keeps the app from starting instead of failing at the first visitor.
      for (const { contract, method, path } of routes) {
        if (contract?.signedLink === undefined) continue
        made.links(checkPurpose(contract.signedLink, `${method} ${path}`))
        if (setup.ring.active(`link ${contract.signedLink}`) !== undefined) continue
        throw new BulwarkError(
          'BULWARK_KEYS_MISSING',
          'a route is for signed links, and there is no key to sign with',
          {
            at: `${method} ${path}`,
            fix: 'make a key with npx @bulwark/cli keys new, and hand it in as policy.keys',
          },
        )
      }
    },
    offers: { encryption: () => made },
  }
}
