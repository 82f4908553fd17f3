import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { FingerprintOptions } from './guard.ts'

export const options: KnownOptions<FingerprintOptions> = { alsoRemove: true }
