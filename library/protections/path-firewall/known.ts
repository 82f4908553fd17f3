import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { PathFirewallOptions } from './guard.ts'

export const options: KnownOptions<PathFirewallOptions> = {
  maxLength: true,
  methods: true,
  methodOverride: true,
  doubleSlash: true,
  refuseParameters: true,
}

export const contract: KnownKeys<Pick<Contract, 'path'>> = { path: { encodedSlash: true } }
