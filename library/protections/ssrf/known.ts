import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { SsrfOptions } from './guard.ts'

export const options: KnownOptions<SsrfOptions> = { allow: true }
