import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { MassAssignmentOptions } from './guard.ts'

export const options: KnownOptions<MassAssignmentOptions> = { privileged: true }

export const contract: KnownKeys<Pick<Contract, 'mayAssign'>> = { mayAssign: true }
