export { type ConnectionOptions, guardConnections } from './connections/guard-connections.ts'
export { type FetchRefusal, FetchRefused } from './fetch/refused.ts'
export { type SafeAnswer, type SafeFetchOptions, safeFetch } from './fetch/safe-fetch.ts'
