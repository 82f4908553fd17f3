import type { Contract } from '../../core/contract.ts'
import type { Schema } from '../../core/schema.ts'
import { AMOUNT, type KindOf, type Kinds, NUMBER, type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { InputOptions } from './guard.ts'
import type { Unicode } from './part.ts'

const UNICODE: KindOf<Unicode> = { text: { NFC: true, NFKC: true, 'as sent': true } }
/** Schemas of some libraries are functions. */
const SCHEMA: KindOf<Schema> = { any: true, function: true }

export const options: OptionKinds<InputOptions> = { unicode: UNICODE }

export const contract: Kinds<Pick<Contract, 'body' | 'query' | 'params' | 'headers' | 'files' | 'unicode'>> = {
  body: SCHEMA,
  query: SCHEMA,
  params: SCHEMA,
  headers: SCHEMA,
  files: { each: { keys: { least: NUMBER, most: NUMBER, size: AMOUNT, types: TEXTS } } },
  unicode: UNICODE,
}
