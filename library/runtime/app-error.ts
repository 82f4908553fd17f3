/** The status an error asks for (`status`, `statusCode`), within 4xx and 5xx; otherwise 500. */
export function statusOf(error: unknown, current: number): number {
  const { status, statusCode } = blockedIn(error) as { status?: unknown; statusCode?: unknown }
  for (const code of [status, statusCode]) {
    if (typeof code === 'number' && Number.isInteger(code) && code >= 400 && code < 600) return code
  }
  return current >= 400 && current < 600 ? current : 500
}

/** Headers that http-errors carries, such as `Retry-After`; values only if they are plain strings. */
export function headersOf(error: unknown): Record<string, string> | undefined {
  const headers = (error as { headers?: unknown } | undefined)?.headers
  if (typeof headers !== 'object' || headers === null) return undefined
  const retry = Object.entries(headers).find(([name]) => name.toLowerCase() === 'retry-after')?.[1]
  return typeof retry === 'string' || typeof retry === 'number' ? { 'Retry-After': String(retry) } : undefined
}

/** Clients for HTTP, templates and object mappers pack an error into one of their own; a call that a sink stopped stays what it is. */
function blockedIn(error: unknown): object {
  let inner = error
  for (let depth = 0; depth < 5 && typeof inner === 'object' && inner !== null; depth++) {
    const { code, cause, driverError, parent } = inner as Readonly<Record<string, unknown>>
    if (code === 'BULWARK_CALL_BLOCKED') return inner
    // `driverError` is what TypeORM says for it, `parent` Sequelize.
    inner = cause ?? driverError ?? parent
  }
  return typeof error === 'object' && error !== null ? error : {}
}
