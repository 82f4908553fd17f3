import type { Contract } from '../../core/contract.ts'
import { isOff } from '../../core/policy.ts'
import { type Kinds, OFF, type OptionKinds } from '../../toolbox/value-kinds.ts'
import type { TransportOptions } from './guard.ts'

export const options: OptionKinds<TransportOptions> = { requireHttps: { text: { known: true, always: true } } }

export const contract: Kinds<Pick<Contract, 'transport'>> = { transport: OFF }

export const waits = (declared: Contract): boolean => isOff(declared.transport)
export const ahead: typeof waits = waits
