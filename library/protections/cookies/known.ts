import type { KnownOptions } from '../../toolbox/known-keys.ts'
import type { CookiesOptions } from './guard.ts'

export const options: KnownOptions<CookiesOptions> = { readable: true, domains: true }
