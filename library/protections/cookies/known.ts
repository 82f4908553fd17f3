import { type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { CookiesOptions } from './guard.ts'

export const options: OptionKinds<CookiesOptions> = { readable: TEXTS, domains: TEXTS }
