import { AMOUNT, NUMBER, type OptionKinds } from '../../toolbox/value-kinds.ts'
import type { SlowClientsOptions } from './guard.ts'

export const options: OptionKinds<SlowClientsOptions> = {
  head: AMOUNT,
  body: AMOUNT,
  minRate: AMOUNT,
  connections: NUMBER,
  keepAlive: AMOUNT,
}
