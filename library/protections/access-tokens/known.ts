import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { AccessTokensOptions } from './guard.ts'

export const options: KnownOptions<AccessTokensOptions> = {
  issuers: [
    {
      issuer: true,
      audience: true,
      keys: true,
      secret: true,
      algorithms: true,
      types: true,
      tolerance: true,
      fresh: true,
      coolDown: true,
      tls: { ca: true, cert: true, key: true, passphrase: true },
    },
  ],
}

export const contract: KnownKeys<Pick<Contract, 'token'>> = { token: { scope: true } }
