import type { Contract } from '../../core/contract.ts'
import { type Kinds, TEXT } from '../../toolbox/value-kinds.ts'

export const contract: Kinds<Pick<Contract, 'signedLink'>> = { signedLink: TEXT }
