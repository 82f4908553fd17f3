import type { Rule } from '../../core/rule.ts'

export const rules: readonly Rule[] = []
