import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { CorsOptions } from './guard.ts'

const ORIGINS: KnownKeys<Exclude<Contract['cors'], { readonly off: string } | undefined>> = {
  allow: true,
  credentials: true,
}

export const options: KnownOptions<CorsOptions> = {
  ...ORIGINS,
  methods: true,
  headers: true,
  expose: true,
  maxAge: true,
}

export const contract: KnownKeys<Pick<Contract, 'cors'>> = { cors: ORIGINS }
