import type { Contract } from '../../core/contract.ts'
import { AMOUNT, type Kinds, ONE_OR_MORE, type OptionKinds, TEXT } from '../../toolbox/value-kinds.ts'
import type { WebhooksOptions } from './guard.ts'

export const options: OptionKinds<WebhooksOptions> = {
  senders: { each: { keys: { as: TEXT, secrets: ONE_OR_MORE, tolerance: AMOUNT, remember: AMOUNT } } },
  largest: AMOUNT,
}

export const contract: Kinds<Pick<Contract, 'webhook'>> = { webhook: TEXT }
