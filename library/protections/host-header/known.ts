import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { HostHeaderOptions } from './guard.ts'

export const options: KnownOptions<HostHeaderOptions> = { alsoAllow: true }

export const contract: KnownKeys<Pick<Contract, 'hostHeader'>> = { hostHeader: true }
