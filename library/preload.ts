/**
 * `node --import bulwark/firewall app.js`: guards the databases, files, commands, outgoing connections and code of an app that
 * cannot be touched.
 *
 * `BULWARK_FIREWALL` says `enforce` (the default), `observe` or `off`. `BULWARK_SSRF_ALLOW` lists inner machines that clients may name.
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

/** What the firewall does in this process. */
export const stance: Stance = stanceOf(process.env['BULWARK_FIREWALL'])

if (stance !== 'off') {
  carryEveryRequest({
    stance,
    report: (event, request) => publish({ at: Date.now(), outcome: 'reported', ...event, request }, defaultListener),
  })
  onDriverLoaded((driver, name) => (/^mongo/.test(name) ? guardMongoDriver(driver) : guardDriver(driver, name)))
  guardFiles()
  guardCode()
  guardConnections({ allow: listOf(process.env['BULWARK_SSRF_ALLOW']) })
  guardCommands()
}

function listOf(text = ''): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '')
}

function stanceOf(text: string | undefined): Stance {
  if (text === undefined || text === '') return 'enforce'
  if (text === 'enforce' || text === 'observe' || text === 'off') return text
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'BULWARK_FIREWALL is none of enforce, observe and off', {
    fix: 'set it to one of these, or leave it out to enforce',
  })
}
