import type { Contract } from '../../core/contract.ts'
import { type Kinds, OFF } from '../../toolbox/value-kinds.ts'

export const contract: Kinds<Pick<Contract, 'deserialization'>> = { deserialization: OFF }
