/** Every error that Bulwark throws at the people who use it. Each has a page in `bulwark explain`. */
export type ErrorCode =
  | 'BULWARK_POLICY_INVALID'
  | 'BULWARK_POLICY_UNSAFE'
  | 'BULWARK_ORIGIN_INVALID'
  | 'BULWARK_PROXY_INVALID'
  | 'BULWARK_DURATION_INVALID'
  | 'BULWARK_SIZE_INVALID'
  | 'BULWARK_SCHEMA_INVALID'
  | 'BULWARK_LIMIT_INVALID'
  | 'BULWARK_KEYS_MISSING'
  | 'BULWARK_KEYS_WEAK'
  | 'BULWARK_SEALED_FILE_INVALID'
  | 'BULWARK_SEAL_INVALID'
  | 'BULWARK_COOKIE_INVALID'
  | 'BULWARK_HEADER_INVALID'
  | 'BULWARK_REDIRECT_FOREIGN'
  | 'BULWARK_URL_UNSAFE'
  | 'BULWARK_MARKUP_UNSAFE'
  | 'BULWARK_ROUTE_UNDECLARED'
  | 'BULWARK_ROUTE_UNPLACED'
  | 'BULWARK_ADAPTER_MISUSED'
  | 'BULWARK_STORE_UNAVAILABLE'
  | 'BULWARK_SESSION_INVALID'
  | 'BULWARK_SESSION_ENDED'
  | 'BULWARK_PASSWORD_INVALID'
  | 'BULWARK_HASHING_BUSY'
  | 'BULWARK_HASHING_UNAVAILABLE'
  | 'BULWARK_SIGN_IN_REFUSED'
  | 'BULWARK_ACCOUNT_INVALID'
  | 'BULWARK_ACCESS_DENIED'
  | 'BULWARK_PERMISSION_UNKNOWN'
  | 'BULWARK_SCOPE_OPAQUE'
  | 'BULWARK_GRANT_INVALID'
  | 'BULWARK_RUNTIME_VULNERABLE'
  | 'BULWARK_CERTIFICATE_INVALID'
  | 'BULWARK_ACME_FAILED'
  | 'BULWARK_PACKAGE_MISSING'
  | 'BULWARK_CALL_BLOCKED'
  | 'BULWARK_QUERY_INVALID'
  | 'BULWARK_UPLOAD_REFUSED'
  | 'BULWARK_PATH_REFUSED'
  | 'BULWARK_FETCH_REFUSED'
  | 'BULWARK_PATTERN_REFUSED'

/**
 * What went wrong, where, and what to do about it. Thrown at start-up wherever that is possible.
 *
 * `error instanceof BulwarkError` holds for the errors of every copy of this package in the process, such as a preload.
 */
export class BulwarkError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: classes that extend this one inherit it
    return Function.prototype[Symbol.hasInstance].call(this, value) || (this === BulwarkError && isOfCopy(value))
  }

  readonly code: ErrorCode
  /** The place in the policy or the source, such as `policy.origins[0]`. */
  readonly at: string | undefined
  readonly fix: string

  constructor(code: ErrorCode, what: string, { at, fix, cause }: { at?: string; fix: string; cause?: unknown }) {
    super(`${code}: ${what}${at ? `\n  at   ${at}` : ''}\n  fix  ${fix}`, cause === undefined ? undefined : { cause })
    this.name = 'BulwarkError'
    this.code = code
    this.at = at
    this.fix = fix
  }
}

function isOfCopy(value: unknown): boolean {
  if (!(value instanceof Error)) return false
  const { code, fix } = value as Partial<BulwarkError>
  return typeof code === 'string' && code.startsWith('BULWARK_') && typeof fix === 'string'
}
