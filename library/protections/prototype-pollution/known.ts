import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { PrototypePollutionOptions } from './guard.ts'

export const options: KnownOptions<PrototypePollutionOptions> = { known: true, freeze: true }

export const contract: KnownKeys<Pick<Contract, 'prototypePollution'>> = { prototypePollution: true }
