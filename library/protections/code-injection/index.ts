export { type CodeOptions, guardCode } from './code/guard-code.ts'
