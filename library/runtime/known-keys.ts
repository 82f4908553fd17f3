import type { Contract } from '../core/contract.ts'
import type { CommonOptions, Off, PolicyBase } from '../core/policy.ts'
import { type AccessTokensOptions, factories, type ProtectionOptions } from '../guards.ts'
import type { KnownKeys, KnownTree } from '../toolbox/known-keys.ts'

/** What one protection may be told besides its mode. */
type Own<K extends keyof ProtectionOptions> = Exclude<KeysOf<Exclude<ProtectionOptions[K], Off | undefined>>, 'mode'>
type KeysOf<T> = T extends unknown ? keyof T : never
type KnownOf<K extends keyof ProtectionOptions> = Pick<
  KnownKeys<Exclude<ProtectionOptions[K], Off | undefined>>,
  Own<K>
>

const TLS: KnownKeys<NonNullable<NonNullable<AccessTokensOptions['issuers']>[number]['tls']>> = {
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
}
const CROWD: KnownKeys<Exclude<Contract['overload'], string | undefined>> = { atOnce: true, queue: true, wait: true }
const ORIGINS: KnownKeys<Exclude<Contract['cors'], Off | undefined>> = { allow: true, credentials: true }
const BODY_LIMITS: KnownKeys<NonNullable<Contract['bodyLimits']>> = {
  json: true,
  form: true,
  text: true,
  multipart: true,
  other: true,
  compressed: true,
  ratio: true,
  depth: true,
  keys: true,
  items: true,
  keyLength: true,
  parts: true,
  partHeaders: true,
}
const HEADERS: KnownKeys<Exclude<Contract['responseHeaders'], Off | undefined>> = {
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

/** Each protection that may be told more than its mode; the compiler misses one that is forgotten here. */
const PROTECTIONS: { readonly [K in keyof ProtectionOptions as Own<K> extends never ? never : K]-?: KnownOf<K> } = {
  accessControl: {
    roles: true,
    resources: [{ rules: true, id: true, hide: true }],
    identify: true,
    grants: true,
    undecided: true,
  },
  accessTokens: {
    issuers: [
      {
        issuer: true,
        audience: true,
        keys: true,
        secret: true,
        algorithms: true,
        types: true,
        tolerance: true,
        fresh: true,
        coolDown: true,
        tls: TLS,
      },
    ],
  },
  bodyLimits: { ...BODY_LIMITS, query: true },
  callers: {
    self: true,
    known: [{ keys: true, certificate: true, may: true, tls: TLS }],
    targets: [{ url: true, tls: TLS, insecureHttp: true }],
    identityHeaders: { from: true, names: true },
    largestCall: true,
    tolerance: true,
  },
  codeInjection: { fromText: true },
  cookies: { readable: true, domains: true },
  cors: { ...ORIGINS, methods: true, headers: true, expose: true, maxAge: true },
  csrf: { trustedOrigins: true, tokens: true, tokenLifetime: true, sessionCookie: true },
  errors: { repeats: true, window: true, exitOnUncaught: true, drain: true },
  fingerprint: { alsoRemove: true },
  headers: HEADERS,
  hostHeader: { alsoAllow: true },
  input: { unicode: true },
  massAssignment: { privileged: true },
  openRedirect: { allow: true },
  overload: { delay: true, heap: true, atOnce: CROWD, serve: true },
  passwords: {
    memory: true,
    passes: true,
    minLength: true,
    maxLength: true,
    secondFactor: true,
    words: true,
    pepper: true,
    workers: true,
    waiting: true,
    deadline: true,
  },
  pathFirewall: { maxLength: true, methods: true, methodOverride: true, doubleSlash: true, refuseParameters: true },
  pathTraversal: { roots: true },
  prototypePollution: { known: true, freeze: true },
  rateLimit: { global: true },
  runtimeVersion: { refuse: true },
  secrets: { served: true },
  sessions: {
    idle: true,
    absolute: true,
    limit: true,
    insecureMemory: true,
    takeOver: { cookie: true, path: true, domain: true, secrets: true, read: true, remove: true, user: true },
  },
  signInThrottle: { pair: true, address: true, account: true, device: true, overall: true },
  slowClients: { head: true, body: true, minRate: true, connections: true, keepAlive: true },
  ssrf: { allow: true },
  transport: { requireHttps: true },
  uploads: { folder: true, memory: true, fields: true, fieldSize: true },
  webhooks: { senders: [{ as: true, secrets: true, tolerance: true, remember: true }], largest: true },
}

const BASE: KnownKeys<PolicyBase> = {
  app: true,
  origins: true,
  proxies: true,
  keys: true,
  store: true,
  mode: true,
  onFailure: true,
  page: true,
  onEvent: true,
}
const COMMON: KnownKeys<CommonOptions> = { mode: true }

/** What a policy may hold. */
export const POLICY_KEYS: KnownTree = {
  ...BASE,
  ...Object.fromEntries(
    factories.map(({ key }) => [key, { ...COMMON, ...PROTECTIONS[key as keyof typeof PROTECTIONS] }]),
  ),
}

/** What a route may declare. */
export const CONTRACT_KEYS: KnownTree & KnownKeys<Contract> = {
  allow: true,
  object: true,
  token: { scope: true },
  bodyLimits: BODY_LIMITS,
  caller: true,
  cors: ORIGINS,
  csrf: true,
  changesState: true,
  deserialization: true,
  signedLink: true,
  responseHeaders: HEADERS,
  hostHeader: true,
  body: true,
  query: true,
  params: true,
  headers: true,
  files: [{ least: true, most: true, size: true, types: true }],
  unicode: true,
  mayAssign: true,
  openRedirect: true,
  overload: CROWD,
  path: { encodedSlash: true },
  prototypePollution: true,
  limit: { rate: true, by: true },
  fresh: true,
  transport: true,
  webhook: true,
}
