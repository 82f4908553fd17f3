import type { Contract } from '../../core/contract.ts'
import { AMOUNT, FLAG, type Kinds, type OptionKinds, TEXT, TEXTS } from '../../toolbox/value-kinds.ts'
import type { CorsOptions } from './guard.ts'

const ORIGINS: Kinds<Exclude<Contract['cors'], { readonly off: string } | undefined>> = {
  allow: { text: { '*': true }, list: TEXT },
  credentials: FLAG,
}

export const options: OptionKinds<CorsOptions> = {
  ...ORIGINS,
  methods: TEXTS,
  headers: TEXTS,
  expose: TEXTS,
  maxAge: AMOUNT,
}

export const contract: Kinds<Pick<Contract, 'cors'>> = { cors: { keys: ORIGINS, off: true } }

/** A preflight names the path of a route that it is not itself. */
export const ahead = ({ cors }: Contract): boolean => cors !== undefined
