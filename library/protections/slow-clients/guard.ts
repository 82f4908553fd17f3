import { BulwarkError } from '../../core/errors.ts'
import { type Connection, type Denial, deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { parseDuration } from '../../toolbox/duration.ts'
import { parseSize } from '../../toolbox/size.ts'

export interface SlowClientsOptions extends CommonOptions {
  /** How long the head of a request may take, from the connection or from its first byte on a kept-alive one. @default '8s' */
  readonly head?: string | number
  /** How long a body may take before its rate counts. @default '8s' */
  readonly body?: string | number
  /** Bytes of a body that must arrive in each second, on average, once that time is over. @default '1kb' */
  readonly minRate?: string | number
  /**
   * Connections that one client (an IPv4 address, the /64 of an IPv6 address) may have open at once. The policy's `proxies` may have any number.
   *
   * Two hundred are thirty browsers behind one address, with six connections each.
   * @default 200
   */
  readonly connections?: number
  /** How long Node keeps an idle connection open. Behind a load balancer it must be longer than the balancer's own time. @default Node's own, 5 seconds */
  readonly keepAlive?: string | number
}

const SLOW_HEAD: Denial = deny('slow-clients', 'a request whose head did not arrive in time', 408, { close: true })
const SLOW_BODY: Denial = deny('slow-clients', 'a body that arrived too slowly', 408, { close: true })
const TOO_MANY: Denial = deny('connection-exhaustion', 'more connections at once than one client may have', 429)

/** Node looks only every thirty seconds, so its own times are a net below ours and no more. */
const NET = 5000
/** One event for all connections that were ended in this time. */
const QUIET = 10_000

/**
 * Ends connections whose request does not arrive in time, and limits how many connections one client may hold.
 *
 * Looks at every open connection once a second. Time in which the app itself does not take what has arrived does not count.
 *
 * **Security**: Slowloris and slow POST (CWE-400), connection exhaustion (CWE-770); ASVS 13.1.2, 15.2.2.
 * @throws BulwarkError `BULWARK_DURATION_INVALID`, `BULWARK_SIZE_INVALID`, `BULWARK_LIMIT_INVALID`
 */
export function slowClients(options: SlowClientsOptions, setup: Setup): Guard {
  const head = checkDuration(options.head ?? '8s', 'head')
  const body = checkDuration(options.body ?? '8s', 'body')
  const minRate = checkRate(options.minRate ?? '1kb')
  const most = checkConnections(options.connections ?? 200)
  const keepAlive = options.keepAlive === undefined ? undefined : checkDuration(options.keepAlive, 'keepAlive')
  const observe = (options.mode ?? setup.mode) === 'observe'
  const open = new Map<string, number>()
  let ended = 0
  let toldAt = Number.NEGATIVE_INFINITY

  /** Why the connection must end, if it must. */
  const judge = (connection: Connection, now: number): Denial | undefined => {
    const { headSince, bodySince } = connection
    if (headSince !== 0) return now - headSince > head ? SLOW_HEAD : undefined
    if (bodySince === 0) return undefined
    const late = now - bodySince - body
    return late > 0 && connection.bodyBytes < (late / 1000) * minRate ? SLOW_BODY : undefined
  }

  return {
    name: 'slow-clients',
    phase: 'flood',
    onServer(server) {
      server.setTimeouts({ headers: head + NET, ...(keepAlive !== undefined && { keepAlive }) })
    },
    onConnection(connection) {
      if (connection.trusted) return undefined
      const count = open.get(connection.client) ?? 0
      if (count >= most && !observe) return TOO_MANY
      open.set(connection.client, count + 1)
      return count >= most ? TOO_MANY : undefined
    },
    onDisconnect(connection) {
      if (connection.trusted) return
      const count = open.get(connection.client) ?? 0
      if (count <= 1) open.delete(connection.client)
      else open.set(connection.client, count - 1)
    },
    onTick(now, connections) {
      for (const connection of connections) {
        const denial = judge(connection, now)
        if (denial === undefined) continue
        // One that is ending, or is only observed, is still here a second later.
        if (connection.notes.has('slow-clients')) continue
        connection.notes.set('slow-clients', true)
        ended++
        if (!observe) connection.end(denial)
      }
      if (ended === 0 || now - toldAt < QUIET) return
      setup.report({
        guard: 'slow-clients',
        risk: 'slow-clients',
        reason: `${ended} ${ended === 1 ? 'connection' : 'connections'} sent a request too slowly`,
        outcome: observe ? 'observed' : 'denied',
      })
      ended = 0
      toldAt = now
    },
  }
}

function checkDuration(value: string | number, name: string): number {
  const ms = parseDuration(value)
  if (ms !== undefined && ms > 0) return ms
  throw new BulwarkError('BULWARK_DURATION_INVALID', `"${String(value)}" is no time that a client gets`, {
    at: `policy.slowClients.${name}`,
    fix: "write it like '8s', or as a number of milliseconds above 0",
  })
}

function checkRate(value: string | number): number {
  const bytes = parseSize(value)
  if (bytes !== undefined && bytes > 0) return bytes
  throw new BulwarkError('BULWARK_SIZE_INVALID', `"${String(value)}" is no number of bytes`, {
    at: 'policy.slowClients.minRate',
    fix: "write the bytes per second like '1kb', or as a number above 0",
  })
}

function checkConnections(value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new BulwarkError('BULWARK_LIMIT_INVALID', `"${String(value)}" is no number of connections`, {
    at: 'policy.slowClients.connections',
    fix: 'use a whole number above 0',
  })
}
