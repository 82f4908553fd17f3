import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { PasswordsOptions } from './guard.ts'

export const options: KnownOptions<PasswordsOptions> = {
  memory: true,
  passes: true,
  minLength: true,
  maxLength: true,
  secondFactor: true,
  words: true,
  pepper: true,
  workers: true,
  waiting: true,
  deadline: true,
}
