import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { InputOptions } from './guard.ts'

export const options: KnownOptions<InputOptions> = { unicode: true }

export const contract: KnownKeys<Pick<Contract, 'body' | 'query' | 'params' | 'headers' | 'files' | 'unicode'>> = {
  body: true,
  query: true,
  params: true,
  headers: true,
  files: [{ least: true, most: true, size: true, types: true }],
  unicode: true,
}
