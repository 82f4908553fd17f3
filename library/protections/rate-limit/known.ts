import type { Contract } from '../../core/contract.ts'
import { type Kinds, type OptionKinds, TEXT, TEXT_OR_OFF } from '../../toolbox/value-kinds.ts'
import type { RateLimitOptions } from './guard.ts'

export const options: OptionKinds<RateLimitOptions> = { global: TEXT_OR_OFF }

export const contract: Kinds<Pick<Contract, 'limit'>> = {
  limit: { text: true, keys: { rate: TEXT, by: { text: { client: true }, function: true } } },
}
