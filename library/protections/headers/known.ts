import type { Contract } from '../../core/contract.ts'
import { FLAG, type Kinds, OBJECT, OFF, type OptionKinds, TEXT, TEXT_OR_OFF } from '../../toolbox/value-kinds.ts'
import type { HeadersOptions } from './guard.ts'
import type { HeaderSet } from './heads.ts'

const HEADERS: Kinds<HeaderSet> = {
  preset: { text: { page: true, api: true } },
  contentSecurityPolicy: { keys: { directives: OBJECT, reportOnly: FLAG, reportTo: TEXT }, off: true },
  trustedTypes: FLAG,
  frameOptions: { text: { DENY: true, SAMEORIGIN: true }, off: true },
  strictTransportSecurity: TEXT_OR_OFF,
  referrerPolicy: TEXT_OR_OFF,
  permissionsPolicy: { each: TEXT, off: true },
  crossOriginOpenerPolicy: TEXT_OR_OFF,
  crossOriginResourcePolicy: TEXT_OR_OFF,
  originAgentCluster: OFF,
  contentTypeOptions: OFF,
  cacheControl: TEXT_OR_OFF,
}

export const options: OptionKinds<HeadersOptions> = HEADERS

export const contract: Kinds<Pick<Contract, 'responseHeaders'>> = {
  responseHeaders: { keys: HEADERS, off: true },
}
