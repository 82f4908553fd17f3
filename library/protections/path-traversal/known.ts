import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { PathTraversalOptions } from './guard.ts'

export const options: KnownOptions<PathTraversalOptions> = { roots: true }
