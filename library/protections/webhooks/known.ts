import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { WebhooksOptions } from './guard.ts'

export const options: KnownOptions<WebhooksOptions> = {
  senders: [{ as: true, secrets: true, tolerance: true, remember: true }],
  largest: true,
}

export const contract: KnownKeys<Pick<Contract, 'webhook'>> = { webhook: true }
