import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { OverloadOptions } from './guard.ts'
import type { Crowd } from './options.ts'

const CROWD: KnownKeys<Crowd> = { atOnce: true, queue: true, wait: true }

export const options: KnownOptions<OverloadOptions> = { delay: true, heap: true, atOnce: CROWD, serve: true }

export const contract: KnownKeys<Pick<Contract, 'overload'>> = { overload: CROWD }
