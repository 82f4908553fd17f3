import type { Contract } from '../../core/contract.ts'
import { isOff } from '../../core/policy.ts'
import { type Kinds, OFF, type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { HostHeaderOptions } from './guard.ts'

export const options: OptionKinds<HostHeaderOptions> = { alsoAllow: TEXTS }

export const contract: Kinds<Pick<Contract, 'hostHeader'>> = { hostHeader: OFF }

export const waits = (declared: Contract): boolean => isOff(declared.hostHeader)
export const ahead: typeof waits = waits
