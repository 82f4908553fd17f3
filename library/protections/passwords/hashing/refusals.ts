import { BulwarkError, type ErrorCode } from '../../../core/errors.ts'

/** An error that is an answer as well: frameworks and Bulwark's adapters read `status` and `Retry-After` from it. */
export class Refusal extends BulwarkError {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ErrorCode,
    what: string,
    { status, fix, headers = {} }: { status: number; fix: string; headers?: Readonly<Record<string, string>> },
  ) {
    super(code, what, { fix })
    this.status = status
    this.headers = headers
  }
}

/** More sign-ins are waiting than can be hashed in time. Answered with 503 and `Retry-After`. */
export function busy(seconds: number): Refusal {
  return new Refusal('BULWARK_HASHING_BUSY', 'more passwords are waiting to be hashed than this machine can hash', {
    status: 503,
    headers: { 'Retry-After': String(seconds) },
    fix: 'limit sign-ins per client and account; for more of them at once, raise passwords.workers or add machines',
  })
}

/** What was handed in is no password at all. Answered with 400. */
export function noPassword(): Refusal {
  return new Refusal('BULWARK_PASSWORD_INVALID', 'a password is text of 1 to 4,096 characters', {
    status: 400,
    fix: 'ask checkPassword() before hashing, and read the field as a string',
  })
}

/** Something that this hash needs is not there. */
export function unavailable(what: string, fix: string, cause?: unknown): BulwarkError {
  return new BulwarkError('BULWARK_HASHING_UNAVAILABLE', what, { fix, ...(cause !== undefined && { cause }) })
}
