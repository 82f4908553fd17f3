import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { UploadsOptions } from './guard.ts'

export const options: KnownOptions<UploadsOptions> = { folder: true, memory: true, fields: true, fieldSize: true }
