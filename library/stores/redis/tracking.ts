import { BulwarkError } from '../../core/errors.ts'

/** What a second connection of `ioredis` or `iovalkey` does. */
interface IoredisConnection {
  connect(): Promise<unknown>
  call(command: string, ...args: string[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  ping(): Promise<unknown>
  on(event: string, listener: (...args: unknown[]) => void): unknown
  disconnect(): void
}

/** What a second connection of `redis` does. */
interface NodeRedisConnection {
  connect(): Promise<unknown>
  sendCommand(args: string[]): Promise<unknown>
  subscribe(channel: string, listener: (keys: unknown) => void): Promise<unknown>
  ping(): Promise<unknown>
  on(event: string, listener: (...args: unknown[]) => void): unknown
  destroy(): void
}

export interface Invalidations {
  /** These keys were written, deleted, or have expired; `undefined` stands for all. */
  onChanged(keys: readonly string[] | undefined): void
  /** The connection is gone: nothing more will be told. Called once. */
  onLost(reason: string): void
}

/** A connection on which the server tells what has changed. */
export interface TrackingConnection {
  ping(): Promise<unknown>
  close(): void
}

/** Opens one connection; it resolves when the server has promised to tell. A connection that breaks is never mended, but replaced. */
export type OpenTracking = (prefix: string, to: Invalidations) => Promise<TrackingConnection>

const CHANNEL = '__redis__:invalidate'

/**
 * How this client opens connections of its own. They speak RESP2 and subscribe to the server's messages to themselves, since that is the one
 * form that all three clients hand on. The server tells of every key with the prefix, so nothing depends on which connection reads.
 *
 * Throws `BulwarkError` `BULWARK_POLICY_INVALID` for a cluster, a pool or a sentinel client.
 */
export function trackingOf(client: unknown): OpenTracking {
  if (isIoredis(client)) return behindPrefix(client, (prefix, to) => openIoredis(client, prefix, to))
  if (isNodeRedis(client)) return behindPrefix(client, (prefix, to) => openNodeRedis(client, prefix, to))
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'reads cannot be cached over this client', {
    at: 'redisStore(client, { cache })',
    fix: 'hand in a client for one server, of ioredis, iovalkey or redis; with a cluster or a pool leave the cache out',
  })
}

/** A client may put something of its own before every key: the server knows nothing else. */
function behindPrefix(
  { options }: { readonly options?: { readonly keyPrefix?: unknown } },
  open: OpenTracking,
): OpenTracking {
  const own = options?.keyPrefix === undefined ? '' : String(options.keyPrefix)
  return (prefix, to) => {
    const onChanged = (keys: readonly string[] | undefined): void =>
      to.onChanged(keys?.map((key) => key.slice(own.length)))
    return open(own + prefix, { onChanged, onLost: to.onLost })
  }
}

async function openIoredis(client: IoredisLike, prefix: string, to: Invalidations): Promise<TrackingConnection> {
  const connection = client.duplicate({
    protocol: 2,
    enableAutoPipelining: false,
    lazyConnect: true,
    autoResubscribe: false,
    retryStrategy: null,
    monitor: false,
  })
  const end = once(to.onLost)
  connection.on('error', (error) => end(messageOf(error)))
  connection.on('close', () => end('the connection was closed'))
  connection.on('messageBuffer', (_channel, keys) => to.onChanged(toKeys(keys)))
  try {
    await connection.connect()
    const id = await connection.call('CLIENT', 'ID')
    await connection.call(...trackingCommand(id, prefix))
    await connection.subscribe(CHANNEL)
  } catch (error) {
    connection.disconnect()
    throw error
  }
  return { ping: () => connection.ping(), close: () => connection.disconnect() }
}

async function openNodeRedis(client: NodeRedisLike, prefix: string, to: Invalidations): Promise<TrackingConnection> {
  const { socket } = client.options ?? {}
  const connection = client.duplicate({
    RESP: 2,
    socket: { ...socket, reconnectStrategy: false },
    clientSideCache: undefined,
    emitInvalidate: undefined,
    // What RESP2 cannot carry.
    maintNotifications: 'disabled',
  })
  const end = once(to.onLost)
  connection.on('error', (error) => end(messageOf(error)))
  connection.on('end', () => end('the connection was closed'))
  let isOpen = false
  try {
    await connection.connect()
    isOpen = true
    const id = await connection.sendCommand(['CLIENT', 'ID'])
    await connection.sendCommand([...trackingCommand(id, prefix)])
    await connection.subscribe(CHANNEL, (keys) => to.onChanged(toKeys(keys)))
  } catch (error) {
    // A client that never got its connection throws when it is asked to end it.
    if (isOpen) connection.destroy()
    throw error
  }
  return { ping: () => connection.ping(), close: () => connection.destroy() }
}

function trackingCommand(id: unknown, prefix: string): [string, ...string[]] {
  return ['CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', 'PREFIX', prefix]
}

/** After FLUSHALL there is no list; and whatever is no list of keys may have been any key. */
function toKeys(message: unknown): readonly string[] | undefined {
  return Array.isArray(message) ? message.map(String) : undefined
}

function once(lost: (reason: string) => void): (reason: string) => void {
  let isLost = false
  return (reason) => {
    if (isLost) return
    isLost = true
    lost(reason)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'the connection failed'
}

interface IoredisLike {
  readonly options?: { readonly keyPrefix?: unknown }
  duplicate(override: object): IoredisConnection
}

interface NodeRedisLike {
  readonly options?: { readonly socket?: object; readonly keyPrefix?: unknown }
  duplicate(override: object): NodeRedisConnection
}

function isIoredis(client: unknown): client is IoredisLike {
  return has(client, 'duplicate') && has(client, 'call') && Reflect.get(client, 'isCluster') !== true
}

function isNodeRedis(client: unknown): client is NodeRedisLike {
  // Clusters, pools and sentinels have `duplicate` as well, but no single connection to send on.
  return (
    has(client, 'duplicate') &&
    has(client, 'sendCommand') &&
    has(client, 'ping') &&
    has(client, 'destroy') &&
    !has(client, 'nodeClient')
  )
}

function has(client: unknown, name: string): client is object {
  return typeof client === 'object' && client !== null && typeof Reflect.get(client, name) === 'function'
}
