import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { SlowClientsOptions } from './guard.ts'

export const options: KnownOptions<SlowClientsOptions> = {
  head: true,
  body: true,
  minRate: true,
  connections: true,
  keepAlive: true,
}
