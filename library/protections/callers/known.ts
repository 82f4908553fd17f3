import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { KnownCaller } from './calling/known.ts'
import type { CallersOptions } from './guard.ts'

const TLS: KnownKeys<NonNullable<KnownCaller['tls']>> = { ca: true, cert: true, key: true, passphrase: true }

export const options: KnownOptions<CallersOptions> = {
  self: true,
  known: [{ keys: true, certificate: true, may: true, tls: TLS }],
  targets: [{ url: true, tls: TLS, insecureHttp: true }],
  identityHeaders: { from: true, names: true },
  largestCall: true,
  tolerance: true,
}

export const contract: KnownKeys<Pick<Contract, 'caller'>> = { caller: true }
