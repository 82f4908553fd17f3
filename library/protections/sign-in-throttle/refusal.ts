import { BulwarkError } from '../../core/errors.ts'

/** A sign-in that was not tried. Frameworks and Bulwark's adapters answer it with its `status` and `Retry-After`. */
export class SignInRefused extends BulwarkError {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    what: string,
    { status, fix, headers = {} }: { status: number; fix: string; headers?: Readonly<Record<string, string>> },
  ) {
    super('BULWARK_SIGN_IN_REFUSED', what, { fix })
    this.status = status
    this.headers = headers
  }
}

/** The same for accounts that exist and for those that do not. */
export function tooMany(retryAfter: number): SignInRefused {
  return new SignInRefused('too many sign-ins have failed', {
    status: 429,
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(retryAfter / 1000))) },
    fix: 'let the error reach the framework, which answers 429; or catch it and show a page that says when to come back',
  })
}

export function noAccount(): SignInRefused {
  return new SignInRefused('the name of an account is a text', {
    status: 400,
    fix: 'read the field as a string before calling trySignIn()',
  })
}
