import { type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { SecretsOptions } from './guard.ts'

export const options: OptionKinds<SecretsOptions> = { served: TEXTS }
