import type { Contract } from '../../core/contract.ts'
import { type Kinds, OFF, type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { OpenRedirectOptions } from './guard.ts'

export const options: OptionKinds<OpenRedirectOptions> = { allow: TEXTS }

export const contract: Kinds<Pick<Contract, 'openRedirect'>> = { openRedirect: OFF }
