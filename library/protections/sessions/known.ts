import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { SessionsOptions } from './guard.ts'

export const options: KnownOptions<SessionsOptions> = {
  idle: true,
  absolute: true,
  limit: true,
  insecureMemory: true,
  takeOver: { cookie: true, path: true, domain: true, secrets: true, read: true, remove: true, user: true },
}

export const contract: KnownKeys<Pick<Contract, 'fresh'>> = { fresh: true }
