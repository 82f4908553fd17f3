import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { SignInThrottleOptions } from './guard.ts'

export const options: KnownOptions<SignInThrottleOptions> = {
  pair: true,
  address: true,
  account: true,
  device: true,
  overall: true,
}
