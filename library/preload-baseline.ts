/**
 * `node --import bulwark/baseline app.js`: all that `bulwark/firewall` does, and the default policy around every server of the process:
 * headers, limits, origins, methods and paths. It changes what honest people get, so it is an entry of its own.
 *
 * `BULWARK_BASELINE` says `enforce` (the default), `observe` or `off`. `BULWARK_POLICY` names a JSON file with what the policy says besides.
 */
import type { Stance } from './core/sink.ts'
import { listOf, stanceOf } from './firewall/environment.ts'
import { shared } from './firewall/shared.ts'
import { stance } from './preload.ts'
import { protectEveryServer } from './runtime/every-server.ts'

/** What the default policy does in this process. */
export const baseline: Stance = stanceOf('BULWARK_BASELINE', 'enforce')

shared('baseline', () => ({ isLoaded: false })).isLoaded = true

if (baseline !== 'off') {
  protectEveryServer({
    mode: baseline,
    stance,
    allow: listOf('BULWARK_SSRF_ALLOW'),
    file: process.env['BULWARK_POLICY'],
  })
}
