import type { Contract } from '../../core/contract.ts'
import {
  AMOUNT,
  CLIENT_TLS,
  FLAG,
  KEY_SET,
  type Kinds,
  ONE_OR_MORE,
  type OptionKinds,
  TEXT,
  TEXTS,
} from '../../toolbox/value-kinds.ts'
import type { CallersOptions } from './guard.ts'

export const options: OptionKinds<CallersOptions> = {
  self: TEXT,
  known: { each: { keys: { keys: KEY_SET, certificate: ONE_OR_MORE, may: TEXTS, tls: CLIENT_TLS } } },
  targets: { each: { text: true, keys: { url: TEXT, tls: CLIENT_TLS, insecureHttp: FLAG } } },
  identityHeaders: { keys: { from: TEXTS, names: TEXTS }, off: true },
  largestCall: AMOUNT,
  tolerance: AMOUNT,
}

export const contract: Kinds<Pick<Contract, 'caller'>> = { caller: TEXT }
