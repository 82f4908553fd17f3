import type { Contract } from '../../core/contract.ts'
import { AMOUNT, FLAG, type Kinds, type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { PathFirewallOptions } from './guard.ts'

export const options: OptionKinds<PathFirewallOptions> = {
  maxLength: AMOUNT,
  methods: TEXTS,
  methodOverride: FLAG,
  doubleSlash: FLAG,
  refuseParameters: FLAG,
}

export const contract: Kinds<Pick<Contract, 'path'>> = { path: { keys: { encodedSlash: FLAG } } }

export const waits = ({ path }: Contract): boolean => path?.encodedSlash === true
export const ahead: typeof waits = waits
