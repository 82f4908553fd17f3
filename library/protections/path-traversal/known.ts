import { type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { PathTraversalOptions } from './guard.ts'

export const options: OptionKinds<PathTraversalOptions> = { roots: TEXTS }
