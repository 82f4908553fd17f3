import { AMOUNT, NUMBER, type OptionKinds, TEXT } from '../../toolbox/value-kinds.ts'
import type { UploadsOptions } from './guard.ts'

export const options: OptionKinds<UploadsOptions> = { folder: TEXT, memory: AMOUNT, fields: NUMBER, fieldSize: AMOUNT }
