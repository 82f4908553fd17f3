/**
 * `node --import bulwark/firewall app.js`: guards the databases, files, commands, outgoing connections and code of an app that
 * cannot be touched.
 *
 * `BULWARK_FIREWALL` says `enforce` (the default), `observe` or `off`. `BULWARK_SSRF_ALLOW` lists inner machines that clients may name.
 *
 * `BULWARK_BASELINE` says the same of what else the default policy does with every request: headers, limits, origins, methods and paths. It
 * is `off` by default, since it changes what honest people get. `BULWARK_POLICY` names a JSON file with a policy for it, and turns it on.
 */
import { BulwarkError } from './core/errors.ts'
import type { Stance } from './core/sink.ts'
import { onDriverLoaded } from './firewall/loading.ts'
import { carryEveryRequest } from './firewall/servers.ts'
import { guardCode } from './protections/code-injection/index.ts'
import { guardCommands } from './protections/command-injection/index.ts'
import { guardMongoDriver } from './protections/nosql-injection/index.ts'
import { guardFiles } from './protections/path-traversal/index.ts'
import { guardDriver } from './protections/sql-injection/index.ts'
import { guardConnections } from './protections/ssrf/index.ts'
import { defaultListener, publish } from './runtime/events.ts'
import { protectEveryServer } from './runtime/every-server.ts'

const { BULWARK_FIREWALL, BULWARK_BASELINE, BULWARK_POLICY, BULWARK_SSRF_ALLOW } = process.env
const allow = listOf(BULWARK_SSRF_ALLOW)

/** What the firewall does in this process. */
export const stance: Stance = stanceOf('BULWARK_FIREWALL', BULWARK_FIREWALL, 'enforce')

/** What the baseline does in this process. */
export const baseline: Stance = stanceOf('BULWARK_BASELINE', BULWARK_BASELINE, BULWARK_POLICY ? 'enforce' : 'off')

if (stance !== 'off') {
  carryEveryRequest({
    stance,
    report: (event, request) => publish({ at: Date.now(), outcome: 'reported', ...event, request }, defaultListener),
  })
  onDriverLoaded((driver, name) => (/^mongo/.test(name) ? guardMongoDriver(driver) : guardDriver(driver, name)))
  guardFiles()
  guardCode()
  guardConnections({ allow })
  guardCommands()
}

// Imported above, since a module that waits for another one at its top cannot be loaded by `require`.
if (baseline !== 'off') protectEveryServer({ mode: baseline, stance, allow, file: BULWARK_POLICY })

function listOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '')
}

function stanceOf(name: string, text: string | undefined, otherwise: Stance): Stance {
  if (text === undefined || text === '') return otherwise
  if (text === 'enforce' || text === 'observe' || text === 'off') return text
  throw new BulwarkError('BULWARK_POLICY_INVALID', `${name} is none of enforce, observe and off`, {
    fix: `set it to one of these, or leave it out for ${otherwise}`,
  })
}
