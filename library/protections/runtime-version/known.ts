import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { RuntimeVersionOptions } from './guard.ts'

export const options: KnownOptions<RuntimeVersionOptions> = { refuse: true }
