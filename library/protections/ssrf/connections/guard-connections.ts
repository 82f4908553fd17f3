import type { Mode } from '../../../core/policy.ts'
import { refuseUnknown } from '../../../core/unknown-key.ts'
import { guardSockets } from '../../../firewall/builtins/sockets.ts'
import { attempt, consult } from '../../../firewall/consult.ts'
import { carryWhenAsked, currentExchange } from '../../../firewall/context.ts'
import { shared } from '../../../firewall/shared.ts'
import { type KnownKeys, strangerIn } from '../../../toolbox/known-keys.ts'
import { type Allowed, parseAllowed } from '../judge/allow.ts'
import { type SsrfSink, ssrfSink } from './sink.ts'

const KNOWN: KnownKeys<ConnectionOptions> = { allow: true, mode: true }

export interface ConnectionOptions {
  /**
   * Inner machines that clients may name: hosts (`hooks.example`, `hooks.example:8443`, `*.inner.example`), addresses and blocks
   * (`10.1.0.0/16`). What the app calls by itself needs no entry.
   * @default []
   */
  readonly allow?: readonly string[]
  /**
   * `observe` reports what would have been stopped and lets it pass.
   * @default the mode of the policy that the request came through
   */
  readonly mode?: Mode
}

/** What each caller allowed: policies of one process are many, and its sockets are shared. */
interface State {
  readonly allowed: Allowed[]
  readonly sink: SsrfSink
  mode: Mode | undefined
  isPut: boolean
}

const state = shared('ssrf', (): State => {
  const allowed: Allowed[] = []
  const sink = ssrfSink({ has: (host, address, port) => allowed.some((each) => each.has(host, address, port)) })
  return { allowed, sink, mode: undefined, isPut: false }
})

/**
 * Stops the app from calling an inner address that the client of the current request has named: loopback, private, link-local, metadata,
 * multicast or reserved, however it is written and whatever name or redirect leads there.
 *
 * Covers every connection of this process: `fetch`, undici, `http`, `https`, `http2`, `net`, `tls`, and what stands on them. A stopped call
 * fails the way an unreachable address does, with a `BlockedError` that is answered with 403. Called again, it only adds to what is allowed.
 * A policy calls this by itself.
 *
 * **Security**: only calls in requests that came through Bulwark are judged (CWE-918, ASVS 1.3.6). The address is judged as the socket gets
 * it, so no second answer of a name server comes between.
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for an entry of `allow` that names nothing, and a key that nobody knows
 */
export function guardConnections(options: ConnectionOptions = {}, at = 'guardConnections({ allow })'): void {
  refuseUnknown(strangerIn(options, KNOWN, 'guardConnections()'))
  if (options.allow !== undefined && options.allow.length > 0) state.allowed.push(parseAllowed(options.allow, at))
  if (options.mode !== undefined) state.mode = options.mode
  if (state.isPut) return
  state.isPut = true
  const { sink } = state
  guardSockets({
    connection: ({ host, address, port }) => consult(sink, { host, address, port }, state.mode),
    path: (path) => consult(sink, { path }, state.mode),
    redirect(from, to) {
      attempt(sink.name, () => {
        const untrusted = currentExchange()?.untrusted
        if (untrusted !== undefined) sink.redirected(from, to, untrusted)
      })
    },
  })
  carryWhenAsked()
}
