import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { AccessControlOptions } from './guard.ts'

export const options: KnownOptions<AccessControlOptions> = {
  roles: true,
  resources: [{ rules: true, id: true, hide: true }],
  identify: true,
  grants: true,
  undecided: true,
}

export const contract: KnownKeys<Pick<Contract, 'allow' | 'object'>> = { allow: true, object: true }
