import type { Contract } from '../../core/contract.ts'
import { isOff } from '../../core/policy.ts'
import {
  AMOUNT,
  CLIENT_TLS,
  KEY_SET,
  type Kinds,
  ONE_OR_MORE,
  type OptionKinds,
  TEXT,
  TEXTS,
} from '../../toolbox/value-kinds.ts'
import type { AccessTokensOptions } from './guard.ts'

export const options: OptionKinds<AccessTokensOptions> = {
  issuers: {
    list: {
      keys: {
        issuer: TEXT,
        audience: ONE_OR_MORE,
        keys: KEY_SET,
        secret: ONE_OR_MORE,
        algorithms: TEXTS,
        types: TEXTS,
        tolerance: AMOUNT,
        fresh: AMOUNT,
        coolDown: AMOUNT,
        tls: CLIENT_TLS,
      },
    },
  },
}

export const contract: Kinds<Pick<Contract, 'token'>> = {
  token: { yes: true, keys: { scope: ONE_OR_MORE }, off: true },
}

export const waits = (declared: Contract): boolean => isOff(declared.token)
export const ahead: typeof waits = waits
