import type { Contract } from '../../core/contract.ts'
import { isOff } from '../../core/policy.ts'
import { AMOUNT, FLAG, type Kinds, type OptionKinds, TEXT, TEXTS } from '../../toolbox/value-kinds.ts'
import type { CsrfOptions } from './guard.ts'

export const options: OptionKinds<CsrfOptions> = {
  trustedOrigins: TEXTS,
  tokens: { text: { required: true, 'old-browsers': true } },
  tokenLifetime: AMOUNT,
  sessionCookie: TEXT,
}

export const contract: Kinds<Pick<Contract, 'csrf' | 'changesState'>> = {
  csrf: { text: { token: true }, off: true },
  changesState: FLAG,
}

export const waits = (declared: Contract): boolean => isOff(declared.csrf)
export const ahead: typeof waits = waits
