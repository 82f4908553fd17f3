import { currentExchange } from '../context.ts'
import { shared } from '../shared.ts'
import { knownOf, note, noteFor, type Reading } from './modes.ts'
import { asJudged, carried, fail, type Inspector, isJudged, keepExchange, type Method, ownerOf, wrap } from './wrap.ts'

/**
 * The text that a pool is asking for a client for, and the one that it is giving to a client: both only while that runs. An object in its
 * place that is known to be judged would be copied by `pg` property by property.
 */
const handing = shared<{ asking: string | undefined; text: string | undefined }>('firewall.pg.handing', () => ({
  asking: undefined,
  text: undefined,
}))

/** Guards the module `pg`: every client and pool, whoever made it and whatever library stands between. */
export function guardPgModule(pg: object, inspector: Inspector): void {
  const { Client, Pool } = pg as { Client?: { prototype: object }; Pool?: { prototype: object } }
  if (Client !== undefined) guardPgClient(Client.prototype, inspector)
  if (Pool !== undefined) guardPrototypeOfPool(Pool.prototype, inspector)
}

/** Guards one pool and its clients, those that it has and those to come. */
export function guardPgPool(pool: object, inspector: Inspector): void {
  wrap(pool, 'query', (native) => judgingQuery(native, inspector, true))
  wrap(pool, 'connect', keepingCallback)
  const { on, _clients: clients } = pool as {
    on(event: string, listener: (client: object) => void): void
    _clients?: object[]
  }
  const { Client } = pool as { Client?: (new () => object) & { prototype: object } }
  if (Client?.prototype !== undefined) watchPrototype(Client.prototype)
  watchPool(pool)
  on.call(pool, 'connect', (client) => guardPgClient(client, inspector))
  for (const client of clients ?? []) guardPgClient(client, inspector)
}

export function guardPgClient(client: object, inspector: Inspector): void {
  wrap(client, 'query', (native) => judgingQuery(native, inspector, false))
  if (Object.hasOwn(client, 'connection')) watch(client)
  else watchPrototype(client)
}

function guardPrototypeOfPool(prototype: object, inspector: Inspector): void {
  const owner = ownerOf(prototype, 'query')
  if (owner === undefined) return
  wrap(owner, 'query', (native) => judgingQuery(native, inspector, true))
  wrap(owner, 'connect', keepingCallback)
}

function judgingQuery(native: Method, inspector: Inspector, isPool: boolean): Method {
  return function (call, ...rest) {
    if (!isPool && handing.text !== undefined && call === handing.text) {
      handing.text = undefined
      return native.call(this, call, ...rest)
    }
    const args = [call, ...rest]
    const text = textOf(call)
    if (text !== undefined && !isJudged(call)) {
      try {
        if (isPool) watchPool(this)
        inspector.text(text, undefined, knownOf(this, this))
        inspector.bound(call.values ?? rest[0])
      } catch (error) {
        return fail(error, args, typeof call.submit === 'function' ? 'throw' : 'promise')
      }
      // A pool hands the call to a client later, perhaps in the context of another request that gave the client back.
      if (isPool && typeof call === 'string') return asking(native, this, args, call)
      if (isPool && typeof call.submit !== 'function') args[0] = asJudged(call, 'text')
    }
    keepExchange(args)
    return native.apply(this, args)
  }
}

/** The pool asks itself for a client at once, for this text, which was judged. */
function asking(native: Method, pool: unknown, args: unknown[], text: string): unknown {
  keepExchange(args)
  handing.asking = text
  try {
    return native.apply(pool, args)
  } finally {
    handing.asking = undefined
  }
}

/** Once there is a client, the pool gives the text to it before anything else happens. */
function handingOver(callback: Method, text: string): Method {
  return function (...results) {
    handing.text = text
    try {
      return callback.apply(this, results)
    } finally {
      handing.text = undefined
    }
  }
}

function keepingCallback(native: Method): Method {
  return function (...args) {
    const { asking: text } = handing
    handing.asking = undefined
    const callback = args[0]
    if (text !== undefined && typeof callback === 'function') {
      const exchange = currentExchange()
      const handed = handingOver(callback, text)
      args[0] = exchange === undefined ? handed : carried(handed, exchange)
      return native.apply(this, args)
    }
    keepExchange(args)
    return native.apply(this, args)
  }
}

/** Strings, `{ text }`, and what streams and cursors bring along. */
function textOf(call: unknown): string | undefined {
  if (typeof call === 'string') return call
  if (typeof call !== 'object' || call === null) return undefined
  const { text, cursor } = call as { text?: unknown; cursor?: { text?: unknown } }
  const own = text ?? cursor?.text
  return typeof own === 'string' ? own : undefined
}

/** `standard_conforming_strings`, which the server tells without being asked, at the beginning and with each change. */
const MODE = 'standard_conforming_strings'
const READINGS: Readonly<Record<string, Reading>> = {
  on: { backslash: false, ansiQuotes: true },
  off: { backslash: true, ansiQuotes: true },
}
const { watched, poolOf } = shared('firewall.pg', () => ({
  watched: new WeakSet<object>(),
  poolOf: new WeakMap<object, object>(),
}))

/** Clients are watched before they connect, since the server tells then. */
function watchPrototype(prototype: object): void {
  wrap(
    prototype,
    'connect',
    (native) =>
      function (...args) {
        watch(this)
        return native.apply(this, args)
      },
  )
}

function watch(client: object): void {
  const { connection } = client as { connection?: { on?: unknown } }
  if (watched.has(client) || typeof connection?.on !== 'function') return
  watched.add(client)
  connection.on('parameterStatus', (message: { parameterName?: unknown; parameterValue?: unknown }) => {
    const reading = message.parameterName === MODE ? READINGS[String(message.parameterValue)] : undefined
    if (reading === undefined) return
    note(client, reading)
    const pool = poolOf.get(client)
    if (pool !== undefined) noteFor(pool, reading)
  })
}

/** What its clients say is what is known of a pool. */
function watchPool(pool: object): void {
  if (watched.has(pool)) return
  watched.add(pool)
  const { on } = pool as { on(event: string, listener: (client: object) => void): void }
  on.call(pool, 'connect', (client) => {
    poolOf.set(client, pool)
    const known = knownOf(client)
    if (known !== undefined) noteFor(pool, known.reading)
  })
}
