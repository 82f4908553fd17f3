import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { CodeInjectionOptions } from './guard.ts'

export const options: KnownOptions<CodeInjectionOptions> = { fromText: true }
