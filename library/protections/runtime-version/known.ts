import { FLAG, type OptionKinds } from '../../toolbox/value-kinds.ts'
import type { RuntimeVersionOptions } from './guard.ts'

export const options: OptionKinds<RuntimeVersionOptions> = { refuse: FLAG }
