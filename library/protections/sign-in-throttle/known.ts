import { type KindOf, type OptionKinds, TEXT } from '../../toolbox/value-kinds.ts'
import type { SignInThrottleOptions } from './guard.ts'

const RATES: KindOf<SignInThrottleOptions['pair']> = { text: true, list: TEXT, off: true }

export const options: OptionKinds<SignInThrottleOptions> = {
  pair: RATES,
  address: RATES,
  account: RATES,
  device: RATES,
  overall: RATES,
}
