import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { RateLimitOptions } from './guard.ts'

export const options: KnownOptions<RateLimitOptions> = { global: true }

export const contract: KnownKeys<Pick<Contract, 'limit'>> = { limit: { rate: true, by: true } }
