import type { Contract } from '../../core/contract.ts'
import { isOff } from '../../core/policy.ts'
import { FLAG, type Kinds, OFF, type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { PrototypePollutionOptions } from './guard.ts'

export const options: OptionKinds<PrototypePollutionOptions> = { known: TEXTS, freeze: FLAG }

export const contract: Kinds<Pick<Contract, 'prototypePollution'>> = { prototypePollution: OFF }

export const waits = (declared: Contract): boolean => isOff(declared.prototypePollution)
export const ahead: typeof waits = waits
