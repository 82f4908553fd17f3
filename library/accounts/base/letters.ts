import type { Awaitable } from '../../core/exchange.ts'
import type { Security } from '../../core/security.ts'

/** Why somebody gets mail. The first three carry a link. */
export type LetterKind =
  | 'verify-email'
  | 'reset-password'
  | 'change-email'
  | 'already-registered'
  | 'email-change-requested'
  | 'email-changed'
  | 'password-changed'
  | 'totp-added'
  | 'totp-removed'
  | 'codes-guessed'
  | 'recovery-code-used'
  | 'recovery-codes-made'
  | 'passkey-added'
  | 'passkey-removed'
  | 'passkey-copied'
  | 'account-closed'

/** Mail to one person, ready to be sent: `subject` and `text` are complete, in English. Write your own by `kind` and `link`. */
export interface Letter {
  readonly kind: LetterKind
  /** One address, without line breaks. */
  readonly to: string
  readonly subject: string
  /** Plain text. Nothing in it was chosen by whoever caused the letter. */
  readonly text: string
  /** Where the person has to go; good for one use. Secret: it must not get into logs. */
  readonly link?: string
  /** How long the link is good, in minutes. */
  readonly minutes?: number
}

/** Hands one letter over to whatever sends mail. May throw: that is reported, and the person asks again. */
export type Mail = (letter: Letter) => Awaitable<void>

const NOT_YOU = 'If that was not you, change your password at once and look at your account.'

const TEXTS: Readonly<Record<LetterKind, readonly [subject: string, text: string]>> = {
  'verify-email': [
    'Confirm your e-mail address',
    'Somebody, probably you, registered with this address. Confirm it here:',
  ],
  'reset-password': ['Choose a new password', 'Somebody, probably you, asked for a new password. Choose it here:'],
  'change-email': [
    'Confirm your new e-mail address',
    'Confirm here, while you are signed in, that mail shall come to this address:',
  ],
  'already-registered': [
    'You have an account already',
    'Somebody, probably you, tried to register with this address. It has an account already: sign in, or ask for a new password. If that was not you, nothing has to be done.',
  ],
  'email-change-requested': [
    'Your e-mail address is about to change',
    `A change of your e-mail address was asked for. ${NOT_YOU}`,
  ],
  'email-changed': [
    'Your e-mail address was changed',
    `Mail about your account no longer comes to this address. ${NOT_YOU}`,
  ],
  'password-changed': [
    'Your password was changed',
    `Your password was changed, and all other sessions were ended. ${NOT_YOU}`,
  ],
  'totp-added': [
    'Two-factor sign-in is on',
    `From now on, signing in asks for a code of your authenticator app. ${NOT_YOU}`,
  ],
  'totp-removed': ['Two-factor sign-in is off', `From now on, signing in asks for no code any more. ${NOT_YOU}`],
  'codes-guessed': [
    'Somebody knows your password',
    'Somebody has signed in with your password and then entered many wrong codes, so codes are not taken for a while; recovery codes are. If that was not you, change your password at once.',
  ],
  'recovery-code-used': [
    'A recovery code was used',
    `Somebody signed in with a recovery code in place of the authenticator app. ${NOT_YOU}`,
  ],
  'recovery-codes-made': [
    'New recovery codes',
    `New recovery codes were made; the old ones are worth nothing any more. ${NOT_YOU}`,
  ],
  'passkey-added': ['A passkey was added', `From now on, a new passkey opens your account. ${NOT_YOU}`],
  'passkey-removed': ['A passkey was removed', `One of your passkeys opens your account no longer. ${NOT_YOU}`],
  'passkey-copied': [
    'One of your passkeys may have been copied',
    'A sign-in was refused, because its passkey had counted fewer uses than we have seen: there may be a second one of it. Remove it and make a new one.',
  ],
  'account-closed': ['Your account was closed', 'Your account was closed, and what it held was deleted.'],
}

export interface Post {
  /** Does the work after the answer: neither its time nor its failure tells anything to the client. */
  later(security: Security, work: () => Awaitable<void>): void
  /** Writes the letter and hands it over, as part of work that is done later. */
  send(kind: LetterKind, to: string, more?: { readonly link: string; readonly minutes: number }): Promise<void>
  /** Writes to the owner of an account after the answer; nothing when no address is known. */
  notice(security: Security, kind: LetterKind, to: string | undefined): void
  /** Settles when nothing is left to do. */
  settled(): Promise<void>
}

/** Letters under way. A mail server that hangs must not fill the memory. */
const MOST = 1000

export function postOf(mail: Mail, title: string): Post {
  const running = new Set<Promise<void>>()

  const send: Post['send'] = async (kind, to, more) => {
    const [subject, text] = TEXTS[kind]
    const lines = more === undefined ? [text] : [text, more.link, `The link is good for ${toTime(more.minutes)}, once.`]
    await mail({ kind, to, subject: `${title}: ${subject}`, text: `${lines.join('\n\n')}\n`, ...more })
  }

  const later: Post['later'] = (security, work) => {
    if (running.size >= MOST) {
      tellFailure(security, 'so many letters are waiting to be sent that this one was dropped')
      return
    }
    const done = new Promise<void>((resolve) => setImmediate(resolve))
      .then(work)
      .catch((error: unknown) => tellFailure(security, 'a letter about an account could not be sent', error))
      .finally(() => running.delete(done))
    running.add(done)
  }

  return {
    later,
    send,
    notice(security, kind, to) {
      if (to !== undefined) later(security, () => send(kind, to))
    },
    async settled() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

function tellFailure(security: Security, reason: string, error?: unknown): void {
  security.event({
    guard: 'accounts',
    risk: 'account-takeover',
    reason,
    outcome: 'failed',
    fix: 'look at the mail function and the stores; the person can ask for the letter again',
    ...(error !== undefined && { error }),
  })
}

function toTime(minutes: number): string {
  return minutes % 60 === 0 && minutes > 60 ? `${minutes / 60} hours` : `${minutes} minutes`
}
