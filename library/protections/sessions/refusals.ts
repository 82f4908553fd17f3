import { BulwarkError, type ErrorCode } from '../../core/errors.ts'

/** An error that is an answer as well: frameworks and Bulwark's adapters read `status` from it. */
export class SessionError extends BulwarkError {
  readonly status: number

  constructor(code: ErrorCode, status: number, what: string, fix: string, cause?: unknown) {
    super(code, what, { fix, ...(cause !== undefined && { cause }) })
    this.status = status
  }
}

/** A request that carries a session must not go on as a guest's because the store is away. */
export function storeAway(cause: unknown): SessionError {
  return new SessionError(
    'BULWARK_STORE_UNAVAILABLE',
    503,
    'the store with the sessions did not answer',
    'look at the cause; requests that need no session are answered in the meantime',
    cause,
  )
}

export function isStoreAway(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'BULWARK_STORE_UNAVAILABLE'
}

export function contended(): SessionError {
  return new SessionError(
    'BULWARK_STORE_UNAVAILABLE',
    503,
    'so many processes write to one session that this write found no gap',
    'store less often, or what is written so often somewhere else',
  )
}

export function ended(): SessionError {
  return new SessionError(
    'BULWARK_SESSION_ENDED',
    401,
    'the session was ended while the request was under way',
    'pass the error on: the client signs in again',
  )
}

export function invalid(what: string, fix: string, cause?: unknown): SessionError {
  return new SessionError('BULWARK_SESSION_INVALID', 500, what, fix, cause)
}

export function inOneProcess(): BulwarkError {
  return new BulwarkError('BULWARK_POLICY_UNSAFE', 'sessions would live in the memory of this process alone', {
    at: 'policy.store',
    fix: "give the policy a store, such as sqliteStore('app.db'); sessions: { insecureMemory: true } accepts that they end with the process",
  })
}
