import type { Contract } from '../../core/contract.ts'
import type { KnownKeys } from '../../toolbox/known-keys.ts'

export const contract: KnownKeys<Pick<Contract, 'signedLink'>> = { signedLink: true }
