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

function guardCalls(owner: object, inspector: Inspector, isPool: boolean): void {
  wrap(owner, 'query', (native) => judgingCall(native, inspector, isPool, false))
  wrap(owner, 'execute', (native) => judgingCall(native, inspector, isPool, true))
  wrap(owner, 'prepare', (native) => judgingCall(native, inspector, isPool, true))
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

function judgingCall(native: Method, inspector: Inspector, isPool: boolean, isPrepared: boolean): Method {
  return function (call, ...rest) {
    const args = [call, ...rest]
    const text = typeof call === 'string' ? call : call?.sql
    if (typeof text === 'string' && !isJudged(call)) {
      try {
        // What is prepared binds its values; `query` writes them into the text, and writes an object as if it were code.
        const values = call.values ?? rest[0]
        inspector.text(text, isPrepared ? undefined : values)
        inspector.bound(values)
      } catch (error) {
        return fail(error, args, 'throw')
      }
      if (isPool && isPrepared) args[0] = asJudged(call, 'sql')
    }
    keepExchange(args)
    const command = native.apply(this, args)
    // A pool runs this command later, perhaps in the context of another request that gave the connection back.
    if (isPool) markJudged(command)
    return command
  }
}
