import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { SecretsOptions } from './guard.ts'

export const options: KnownOptions<SecretsOptions> = { served: true }
