import { AMOUNT, FLAG, NUMBER, type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { PasswordsOptions } from './guard.ts'

export const options: OptionKinds<PasswordsOptions> = {
  memory: NUMBER,
  passes: NUMBER,
  minLength: NUMBER,
  maxLength: NUMBER,
  secondFactor: FLAG,
  words: TEXTS,
  pepper: FLAG,
  workers: NUMBER,
  waiting: NUMBER,
  deadline: AMOUNT,
}
