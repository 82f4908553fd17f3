import { AMOUNT, FLAG, NUMBER, type OptionKinds } from '../../toolbox/value-kinds.ts'
import type { ErrorsOptions } from './guard.ts'

export const options: OptionKinds<ErrorsOptions> = {
  repeats: NUMBER,
  window: AMOUNT,
  exitOnUncaught: FLAG,
  drain: AMOUNT,
}
