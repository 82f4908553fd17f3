import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { OpenRedirectOptions } from './guard.ts'

export const options: KnownOptions<OpenRedirectOptions> = { allow: true }

export const contract: KnownKeys<Pick<Contract, 'openRedirect'>> = { openRedirect: true }
