/** Why a step was not taken. Turn it into a page: `res.status(answer.status).send(page(answer.message))`. */
export interface Refusal<Reason extends string = RefusalReason> {
  readonly ok: false
  readonly reason: Reason
  /** The HTTP status that fits. */
  readonly status: number
  /** For the person, in English. It never tells whether somebody else has an account. */
  readonly message: string
  /** Seconds to wait, after `too-many`: for the header `Retry-After`. */
  readonly retryAfter?: number
}

export interface Done {
  readonly ok: true
}

/** Everything that can be in the way. Each flow names those that it may answer. */
export type RefusalReason =
  | 'email'
  | 'name'
  | 'password'
  | 'wrong'
  | 'wrong-password'
  | 'password-needed'
  | 'second-factor'
  | 'code'
  | 'expired'
  | 'link'
  | 'too-many'
  | 'signed-out'
  | 'not-fresh'
  | 'taken'
  | 'passkey'
  | 'full'
  | 'missing'

const REFUSALS: Readonly<Record<RefusalReason, readonly [status: number, message: string]>> = {
  email: [422, 'Write an e-mail address, such as ann@example.org.'],
  name: [422, 'Choose a name of up to 200 characters, in one line.'],
  password: [422, 'Choose another password.'],
  wrong: [401, 'The e-mail address or the password is wrong.'],
  'wrong-password': [401, 'The password is wrong.'],
  'password-needed': [401, 'Enter the password that you chose when you registered.'],
  'second-factor': [401, 'Enter the code that your authenticator app shows, or a recovery code.'],
  code: [401, 'This code is wrong, too old, or was used already.'],
  expired: [401, 'That took too long. Sign in again.'],
  link: [400, 'This link was used already, or is too old. Ask for a new one.'],
  'too-many': [429, 'That was too often. Wait a little and try again.'],
  'signed-out': [401, 'Sign in first.'],
  'not-fresh': [401, 'Confirm with your password, or sign in again.'],
  taken: [409, 'This e-mail address has an account already. Sign in.'],
  passkey: [401, 'This passkey was not accepted.'],
  full: [409, 'This account has as many passkeys as it may have. Remove one first.'],
  missing: [404, 'There is no such thing any more.'],
}

export const DONE: Done = { ok: true }

export function refuse<Reason extends RefusalReason>(
  reason: Reason,
  more: { readonly message?: string; readonly retryAfter?: number } = {},
): Refusal<Reason> {
  const [status, message] = REFUSALS[reason]
  return { ok: false, reason, status, message, ...more }
}

export function isRefusal<T>(answer: T): answer is Extract<T, Refusal> {
  return typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false
}
