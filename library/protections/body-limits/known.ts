import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { BodyLimitsOptions } from './guard.ts'
import type { BodyLimits } from './limits.ts'

const LIMITS: KnownKeys<BodyLimits> = {
  json: true,
  form: true,
  text: true,
  multipart: true,
  other: true,
  compressed: true,
  ratio: true,
  depth: true,
  keys: true,
  items: true,
  keyLength: true,
  parts: true,
  partHeaders: true,
}

export const options: KnownOptions<BodyLimitsOptions> = { ...LIMITS, query: true }

export const contract: KnownKeys<Pick<Contract, 'bodyLimits'>> = { bodyLimits: LIMITS }
