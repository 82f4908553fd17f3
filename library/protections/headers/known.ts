import type { Contract } from '../../core/contract.ts'
import type { KnownKeys, KnownOptions } from '../../toolbox/known-keys.ts'
import type { HeadersOptions } from './guard.ts'
import type { HeaderSet } from './heads.ts'

const HEADERS: KnownKeys<HeaderSet> = {
  preset: true,
  contentSecurityPolicy: { directives: true, reportOnly: true, reportTo: true },
  trustedTypes: true,
  frameOptions: true,
  strictTransportSecurity: true,
  referrerPolicy: true,
  permissionsPolicy: true,
  crossOriginOpenerPolicy: true,
  crossOriginResourcePolicy: true,
  originAgentCluster: true,
  contentTypeOptions: true,
  cacheControl: true,
}

export const options: KnownOptions<HeadersOptions> = HEADERS

export const contract: KnownKeys<Pick<Contract, 'responseHeaders'>> = { responseHeaders: HEADERS }
