import { shared } from '../shared.ts'
import { forget, isDue, knownOf, note, noteFor, type Origin, setsModes, toReading } from './modes.ts'
import {
  asJudged,
  fail,
  type Inspector,
  isJudged,
  keepExchange,
  type Method,
  markJudged,
  ownerOf,
  wrap,
} from './wrap.ts'

/** Guards the module `mysql2` (or `mysql2/promise`): every connection and pool, whoever made it. */
export function guardMysqlModule(mysql: object, inspector: Inspector): void {
  const { Connection, Pool } = mysql as { Connection?: { prototype: object }; Pool?: { prototype: object } }
  for (const [Class, isPool] of [
    [Connection, false],
    [Pool, true],
  ] as const) {
    const owner = Class && ownerOf(Class.prototype, 'query')
    if (owner !== undefined) guardCalls(owner, inspector, isPool)
  }
}

/** Guards one pool and its connections, those that it has and those to come. */
export function guardMysqlPool(pool: object, inspector: Inspector): void {
  const core = coreOf(pool, 'pool')
  guardCalls(core, inspector, true)
  const { on, _allConnections: connections } = core as {
    on(event: string, listener: (connection: object) => void): void
    _allConnections?: { readonly length: number; get?(i: number): object; [i: number]: object }
  }
  on.call(core, 'connection', (connection) => guardMysqlConnection(connection, inspector))
  for (let i = 0; i < (connections?.length ?? 0); i++) {
    const connection = connections?.get?.(i) ?? connections?.[i]
    if (connection !== undefined) guardMysqlConnection(connection, inspector)
  }
}

export function guardMysqlConnection(connection: object, inspector: Inspector): void {
  guardCalls(coreOf(connection, 'connection'), inspector, false)
}

/** The promise kinds of mysql2 stand in front of one with callbacks, which does the work. */
function coreOf(face: object, key: 'pool' | 'connection'): object {
  const core = (face as Record<string, unknown>)[key]
  return typeof core === 'object' && core !== null ? core : face
}

/** Connections that were met, and pools. */
const origins = shared('firewall.mysql', () => new WeakMap<object, Origin>())

function guardCalls(owner: object, inspector: Inspector, isPool: boolean): void {
  const { query } = owner as { query: Method }
  const ask = isPool ? undefined : query
  wrap(owner, 'query', (native) => judgingCall(native, inspector, ask, false))
  wrap(owner, 'execute', (native) => judgingCall(native, inspector, ask, true))
  wrap(owner, 'prepare', (native) => judgingCall(native, inspector, ask, true))
  wrap(
    owner,
    'getConnection',
    (native) =>
      function (...args) {
        keepExchange(args)
        return native.apply(this, args)
      },
  )
}

/** `ask` is how to ask a connection by itself; a pool has none. */
function judgingCall(native: Method, inspector: Inspector, ask: Method | undefined, isPrepared: boolean): Method {
  const isPool = ask === undefined
  return function (call, ...rest) {
    const args = [call, ...rest]
    const text = typeof call === 'string' ? call : call?.sql
    const isSetting = !isPool && typeof text === 'string' && setsModes(text)
    if (!isPool) meet(this, ask)
    if (typeof text === 'string' && !isJudged(call)) {
      try {
        // What is prepared binds its values; `query` writes them into the text, and writes an object as if it were code.
        const values = call.values ?? rest[0]
        inspector.text(text, isPrepared ? undefined : values, knownOf(this, originOf(this)))
        inspector.bound(values)
      } catch (error) {
        return fail(error, args, 'throw')
      }
      if (isPool && isPrepared) args[0] = asJudged(call, 'sql')
    }
    keepExchange(args)
    const command = native.apply(this, args)
    if (isSetting) {
      forget(this)
      askFor(this, ask, false)
    }
    // A pool runs this command later, perhaps in the context of another request that gave the connection back.
    if (isPool) markJudged(command)
    return command
  }
}

/**
 * Asks a new connection how its server reads, in front of the app's first statement: between two of them it could change what
 * `ROW_COUNT()` and its like tell the app.
 */
function meet(connection: object, query: Method): void {
  if (origins.has(connection)) return
  if (isDue(originOf(connection), performance.now())) askFor(connection, query, true)
}

function askFor(connection: object, query: Method, isNew: boolean): void {
  const origin = originOf(connection)
  query.call(connection, 'SELECT @@sql_mode AS modes', (_error: unknown, rows?: readonly { modes?: unknown }[]) => {
    const modes = rows?.[0]?.modes
    // A connection that did not answer stays one of which nothing is sure.
    if (typeof modes !== 'string') return
    const reading = toReading(modes)
    note(connection, reading)
    // What an app sets on one connection says nothing of the next one, unless a pool has lent it.
    if (isNew || typeof origin === 'object') noteFor(origin, reading, performance.now())
  })
}

interface Config {
  /** mysql2 writes the pool here. */
  readonly pool?: object
  readonly connectionConfig?: Config
  readonly socketPath?: string
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly database?: string
}

/** The pool that a connection is of, or what it connects to. */
function originOf(face: object): Origin {
  let origin = origins.get(face)
  if (origin === undefined) {
    const { config = {} } = face as { config?: Config }
    const { pool, socketPath, host, port, user, database } = config.connectionConfig ?? config
    origin = pool ?? JSON.stringify([socketPath, host, port, user, database])
    origins.set(face, origin)
  }
  return origin
}
