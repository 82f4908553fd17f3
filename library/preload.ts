/**
 * `node --import bulwark/firewall app.js`: guards the databases, files, commands, outgoing connections, code and prototypes of an app that
 * cannot be touched.
 *
 * `BULWARK_FIREWALL` says `enforce` (the default), `observe` or `off`. `BULWARK_SSRF_ALLOW` lists inner machines that clients may name.
 * The default policy around every server besides is `bulwark/baseline`.
 */
import { shapeMessagesOfExpress } from './adapters/express-messages.ts'
import type { Stance } from './core/sink.ts'
import { listOf, stanceOf } from './firewall/environment.ts'
import { onDriverLoaded } from './firewall/loading.ts'
import { carryEveryRequest } from './firewall/servers.ts'
import { shared } from './firewall/shared.ts'
import { guardCode } from './protections/code-injection/code/guard-code.ts'
import { guardCommands } from './protections/command-injection/commands/guard-commands.ts'
import { guardBytes } from './protections/deserialization/bytes/guard-bytes.ts'
import { guardMongoDriver } from './protections/nosql-injection/database/guard-mongo.ts'
import { guardFiles } from './protections/path-traversal/files/guard-files.ts'
import { watchPrototypes } from './protections/prototype-pollution/tripwire/watch.ts'
import { guardDriver } from './protections/sql-injection/database/guard-driver.ts'
import { guardConnections } from './protections/ssrf/connections/guard-connections.ts'
import { defaultListener, publish } from './runtime/events.ts'

/** What the firewall does in this process. */
export const stance: Stance = stanceOf('BULWARK_FIREWALL', 'enforce')

if (stance !== 'off') {
  carryEveryRequest({
    stance,
    report: (event, request) => publish({ at: Date.now(), outcome: 'reported', ...event, request }, defaultListener),
    opened: watchPrototypes({ enforce: stance === 'enforce' }),
    serving: shapeMessagesOfExpress,
  })
  onDriverLoaded((driver, name) => (/^mongo/.test(name) ? guardMongoDriver(driver) : guardDriver(driver, name)))
  guardFiles()
  guardCode()
  guardBytes()
  guardConnections({ allow: listOf('BULWARK_SSRF_ALLOW') })
  guardCommands()
}

// Whoever names a policy must not believe that it is followed when it is not. Both may be preloaded, in this order.
if (process.env['BULWARK_POLICY'] || stanceOf('BULWARK_BASELINE', 'off') !== 'off') {
  setTimeout(() => {
    if (shared('baseline', () => ({ isLoaded: false })).isLoaded) return
    process.emitWarning('BULWARK_BASELINE and BULWARK_POLICY do nothing without --import bulwark/baseline')
  }, 1000).unref()
}
