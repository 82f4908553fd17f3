export type { Contract, KnownRoute } from './core/contract.ts'
export { BulwarkError, type ErrorCode } from './core/errors.ts'
export type { EventOutcome, SecurityEvent } from './core/event.ts'
export type { Awaitable, Exchange, RequestHead, ResponseHead } from './core/exchange.ts'
export { type Denial, deny, type Guard, type GuardFactory, type Phase, type Verdict } from './core/guard.ts'
export type { KeyRing, KeyState, RingKey } from './core/keys.ts'
export {
  type CommonOptions,
  type Mode,
  type Off,
  off,
  type PolicyBase,
  type ProxyPreset,
  type Refusal,
  type RefusalPage,
  type Setup,
} from './core/policy.ts'
export type { Permission, PermissionOf, Register } from './core/register.ts'
export type { Risk, Severity } from './core/risk.ts'
export type { FieldError, InputOf, OutputOf, Schema, SchemaIssue, SchemaResult } from './core/schema.ts'
export type { Security } from './core/security.ts'
export type { Entry, PutOptions, Rate, Store, Taken } from './core/store.ts'
export type { FileField, UploadedFile } from './core/upload.ts'
export {
  type Access,
  AccessDenied,
  type AccessRules,
  type Condition,
  createAccess,
  createGrants,
  type ExplainedLine,
  type Explanation,
  type FieldAccess,
  type Filter,
  type GrantSource,
  type Grants,
  type Holder,
  type ObjectRule,
  type Person,
  type PersonAccess,
  type Resource,
  type Resources,
  type Roles,
  type Scalar,
  type Scope,
  type ScopeMongoOptions,
  type ScopeSql,
  type ScopeSqlOptions,
  type StoredGrant,
  scopeToMongo,
  scopeToSql,
  type Where,
} from './protections/access-control/index.ts'
export {
  type CallAnswer,
  type CallRequest,
  type CallService,
  type Calls,
  type CallsSettings,
  type CallTarget,
  createCalls,
  type KnownCaller,
  type PublishedKeys,
} from './protections/callers/index.ts'
export { type CodeOptions, guardCode } from './protections/code-injection/index.ts'
export { guardCommands } from './protections/command-injection/index.ts'
export {
  type About,
  type Box,
  type Checkpoint,
  checkpointIn,
  createEncryption,
  type Encryption,
  type EncryptionSettings,
  type Field,
  type FieldOptions,
  isSealed,
  type Lasting,
  type LinkAbout,
  type Links,
  type Reencryption,
  type ReencryptionProgress,
  reencrypt,
  type Signer,
} from './protections/encryption/index.ts'
export { type CspReports, type CspReportsOptions, type CspViolation, cspReports } from './protections/headers/index.ts'
export {
  type DecimalOptions,
  type Fields,
  fields,
  type IntegerOptions,
  type Lengths,
  schemaOf,
  type TextKit,
  type TextSchema,
  text,
  type UrlOptions,
} from './protections/input/index.ts'
export { pick } from './protections/mass-assignment/index.ts'
export {
  type Condition as MongoCondition,
  type Filter as MongoFilter,
  type FilterKit as MongoFilterKit,
  type Filters as MongoFilters,
  filter,
  guardMongo,
  type MongoOptions,
  type Scalar as MongoScalar,
} from './protections/nosql-injection/index.ts'
export { type SafeRedirectOptions, safeRedirect } from './protections/open-redirect/index.ts'
export {
  type Checked,
  type ChoiceOptions,
  checkPassword,
  createPasswords,
  hashPassword,
  type PasswordProblem,
  type PasswordSettings,
  type Passwords,
  type PersonalWords,
  type Strength,
  type Verified,
  verifyPassword,
} from './protections/passwords/index.ts'
export {
  type FilesOptions,
  guardFiles,
  PathRefused,
  resolveInside,
  resolveRealInside,
} from './protections/path-traversal/index.ts'
export { escapePattern, safePattern } from './protections/redos/index.ts'
export type * from './protections/sessions/data.ts'
export { sessionOf } from './protections/sessions/index.ts'
export {
  BlockedError,
  type DatabaseOptions,
  type Dialect,
  guardDatabase,
  type SqlIdentifier,
  type SqlModes,
  type SqlParameter,
  type SqlQuery,
  type SqlTemplate,
  type SqlValue,
  sql,
} from './protections/sql-injection/index.ts'
export {
  type ConnectionOptions,
  type FetchRefusal,
  FetchRefused,
  guardConnections,
  type SafeAnswer,
  type SafeFetchOptions,
  safeFetch,
} from './protections/ssrf/index.ts'
export {
  csrfField,
  type Html,
  type HtmlValue,
  html,
  insecureHtml,
  type Json,
  json,
  safeUrl,
} from './protections/xss/index.ts'
export { risks } from './risks.ts'
export { type ProtectedApp, protectedApps, type ShownKey, type ShownProtection } from './runtime/announce.ts'
export { formatEvent } from './runtime/events.ts'
export { definePolicy, type Policy } from './runtime/policy.ts'
export type { Claims } from './tokens/verify.ts'
