import type { OptionKinds } from '../../toolbox/value-kinds.ts'
import type { CodeInjectionOptions } from './guard.ts'

export const options: OptionKinds<CodeInjectionOptions> = { fromText: { text: { judged: true, never: true } } }
