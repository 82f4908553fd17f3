import type { KeyRing } from '../../core/keys.ts'
import { refuseUnknown } from '../../core/unknown-key.ts'
import { isKeyRing, keyRing } from '../../keys/ring.ts'
import { loadJose } from '../../tokens/jose.ts'
import { CLIENT_TLS, FLAG, FUNCTION, type Kinds, misfitIn, TEXT } from '../../toolbox/value-kinds.ts'
import { type CallService, type CallTarget, callerOf } from './calling/call.ts'
import { invalid, NAME } from './calling/known.ts'
import { type PublishedKeys, signingWith } from './calling/signing.ts'

export type { CallAnswer, CallRequest, CallService, CallTarget } from './calling/call.ts'
export type { KnownCaller } from './calling/known.ts'
export type { PublishedKeys } from './calling/signing.ts'

const KNOWN: Kinds<CallsSettings> = {
  self: TEXT,
  keys: { text: true, list: TEXT, any: true },
  targets: { each: { text: true, keys: { url: TEXT, tls: CLIENT_TLS, insecureHttp: FLAG } } },
  now: FUNCTION,
}

export interface CallsSettings {
  /** Who this program is among the others. */
  readonly self: string
  /** Texts, newest first, or a ring from `openKeyFile`: calls are signed with Ed25519 keys that follow from them. */
  readonly keys: string | readonly string[] | KeyRing | undefined
  readonly targets: Readonly<Record<string, string | CallTarget>>
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/** Signed calls for programs without requests of their own, such as workers; routes use `req.security.callService`. */
export interface Calls {
  readonly callService: CallService
  /** The public keys, to be published or handed to the others. */
  readonly keySet: () => PublishedKeys
}

/** @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_KEYS_WEAK`, `BULWARK_PACKAGE_MISSING` */
export function createCalls(settings: CallsSettings): Calls {
  refuseUnknown(misfitIn(settings, { keys: KNOWN }, 'createCalls()'))
  const { self, keys, targets, now = Date.now } = settings
  if (!NAME.test(self)) throw invalid('this is no name of a program', 'self', "use letters, digits and hyphens: 'blog'")
  const signing = signingWith(isKeyRing(keys) ? keys : keyRing(keys ?? [], { now }), loadJose(), now)
  return { callService: callerOf(self, targets, signing), keySet: () => signing.published() }
}
