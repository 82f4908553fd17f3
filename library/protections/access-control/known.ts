import type { Contract } from '../../core/contract.ts'
import { FLAG, FUNCTION, type Kinds, type OptionKinds, TEXT, TEXTS } from '../../toolbox/value-kinds.ts'
import type { AccessControlOptions } from './guard.ts'

export const options: OptionKinds<AccessControlOptions> = {
  roles: { each: TEXTS },
  resources: { each: { keys: { rules: { each: { any: true, function: true } }, id: TEXT, hide: FLAG } } },
  identify: FUNCTION,
  grants: { yes: true, any: true },
  undecided: { text: { report: true, deny: true } },
}

export const contract: Kinds<Pick<Contract, 'allow' | 'object'>> = { allow: TEXT, object: FUNCTION }
