import { type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { FingerprintOptions } from './guard.ts'

export const options: OptionKinds<FingerprintOptions> = { alsoRemove: TEXTS }
