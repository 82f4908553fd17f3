import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { CsrfOptions } from './guard.ts'

export const options: KnownOptions<CsrfOptions> = {
  trustedOrigins: true,
  tokens: true,
  tokenLifetime: true,
  sessionCookie: true,
}

export const contract: KnownKeys<Pick<Contract, 'csrf' | 'changesState'>> = { csrf: true, changesState: true }
