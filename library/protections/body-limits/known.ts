import type { Contract } from '../../core/contract.ts'
import { AMOUNT, type Kinds, NUMBER, type OptionKinds } from '../../toolbox/value-kinds.ts'
import type { BodyLimitsOptions } from './guard.ts'
import type { BodyLimits } from './limits.ts'

const LIMITS: Kinds<BodyLimits> = {
  json: AMOUNT,
  form: AMOUNT,
  text: AMOUNT,
  multipart: AMOUNT,
  other: { each: AMOUNT, off: true },
  compressed: { list: { text: { gzip: true, deflate: true, br: true } } },
  ratio: NUMBER,
  depth: NUMBER,
  keys: NUMBER,
  items: NUMBER,
  keyLength: NUMBER,
  parts: NUMBER,
  partHeaders: AMOUNT,
}

export const options: OptionKinds<BodyLimitsOptions> = { ...LIMITS, query: AMOUNT }

export const contract: Kinds<Pick<Contract, 'bodyLimits'>> = { bodyLimits: { keys: LIMITS } }
