import type { Contract } from '../../core/contract.ts'
import { isOff } from '../../core/policy.ts'
import { type Kinds, OFF } from '../../toolbox/value-kinds.ts'

export const contract: Kinds<Pick<Contract, 'deserialization'>> = { deserialization: OFF }

export const waits = (declared: Contract): boolean => isOff(declared.deserialization)
export const ahead: typeof waits = waits
