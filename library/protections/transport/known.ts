import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { TransportOptions } from './guard.ts'

export const options: KnownOptions<TransportOptions> = { requireHttps: true }

export const contract: KnownKeys<Pick<Contract, 'transport'>> = { transport: true }
