import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { ErrorsOptions } from './guard.ts'

export const options: KnownOptions<ErrorsOptions> = { repeats: true, window: true, exitOnUncaught: true, drain: true }
