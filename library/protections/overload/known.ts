import type { Contract } from '../../core/contract.ts'
import { AMOUNT, type Kinds, NUMBER, type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { OverloadOptions } from './guard.ts'
import type { Crowd } from './options.ts'

const CROWD: Kinds<Crowd> = { atOnce: NUMBER, queue: NUMBER, wait: AMOUNT }

export const options: OptionKinds<OverloadOptions> = {
  delay: { text: true, number: true, off: true },
  heap: { number: true, off: true },
  atOnce: { number: true, keys: CROWD },
  serve: TEXTS,
}

export const contract: Kinds<Pick<Contract, 'overload'>> = { overload: { text: { serve: true }, keys: CROWD } }

/** The verdict on the load falls before anything else is done for a request. */
export const ahead = ({ overload }: Contract): boolean => overload === 'serve'
