import { type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { SsrfOptions } from './guard.ts'

export const options: OptionKinds<SsrfOptions> = { allow: TEXTS }
