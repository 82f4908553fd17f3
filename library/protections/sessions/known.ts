import type { Contract } from '../../core/contract.ts'
import { AMOUNT, FLAG, FUNCTION, type Kinds, NUMBER, type OptionKinds, TEXT, TEXTS } from '../../toolbox/value-kinds.ts'
import type { SessionsOptions } from './guard.ts'

export const options: OptionKinds<SessionsOptions> = {
  idle: AMOUNT,
  absolute: AMOUNT,
  limit: NUMBER,
  insecureMemory: FLAG,
  takeOver: {
    keys: { cookie: TEXT, path: TEXT, domain: TEXT, secrets: TEXTS, read: FUNCTION, remove: FUNCTION, user: FUNCTION },
  },
}

export const contract: Kinds<Pick<Contract, 'fresh'>> = { fresh: AMOUNT }
