import type { Contract } from '../../core/contract.ts'
import { type Kinds, OFF, type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { HostHeaderOptions } from './guard.ts'

export const options: OptionKinds<HostHeaderOptions> = { alsoAllow: TEXTS }

export const contract: Kinds<Pick<Contract, 'hostHeader'>> = { hostHeader: OFF }
