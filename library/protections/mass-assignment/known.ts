import type { Contract } from '../../core/contract.ts'
import { type Kinds, type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { MassAssignmentOptions } from './guard.ts'

export const options: OptionKinds<MassAssignmentOptions> = { privileged: TEXTS }

export const contract: Kinds<Pick<Contract, 'mayAssign'>> = { mayAssign: TEXTS }

export const waits = ({ mayAssign, body }: Contract): boolean => mayAssign !== undefined || body !== undefined
export const ahead = ({ mayAssign }: Contract): boolean => mayAssign !== undefined
