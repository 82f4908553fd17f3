import { BulwarkError } from '../core/errors.ts'
import type { Awaitable } from '../core/exchange.ts'
import type { Entry, PutOptions, Rate, Store, Taken } from '../core/store.ts'
import { refuseUnknown } from '../core/unknown-key.ts'
import { type KnownKeys, strangerIn } from '../toolbox/known-keys.ts'
import { fromText, toText } from '../toolbox/storable-text.ts'
import { type Read, ReadCache } from './redis/cache.ts'
import { isRedisAnswer, type RedisClient, type RunScript, type Script, scriptsOf } from './redis/client.ts'
import { DELETE, DELETE_OWNED, FORGET, GET, IS_OWNED, PUT, REMEMBER, REMEMBERED, TAKE } from './redis/scripts.ts'
import { type OpenTracking, trackingOf } from './redis/tracking.ts'
import { newVersion, toCost, toLifetime, toTaken } from './remote/arguments.ts'
import { Link } from './remote/link.ts'

const KNOWN: KnownKeys<RedisStoreOptions> = {
  prefix: true,
  deadline: true,
  now: true,
  cache: { entries: true, keys: true, onChange: true },
}

export type { IoredisLike, NodeRedisLike, RedisClient } from './redis/client.ts'

export interface RedisStoreOptions {
  /** What every key of this store begins with. Two apps on one server need two. @default 'bulwark:' */
  readonly prefix?: string
  /** How long each command may take, such as `'500ms'`; milliseconds when it is a number. @default '500ms' */
  readonly deadline?: string | number
  /** Milliseconds since the epoch, for tests. @default the server's clock */
  readonly now?: () => number
  /**
   * Keeps sessions that were read in the memory of this process, for as long as the server tells when they change (`CLIENT TRACKING`): most
   * requests then need no round trip. Opens one more connection like the client's. Not for a cluster.
   *
   * **Security**: what another process ends is ended here when the server's message is here, usually in less than a millisecond. When the
   * connection breaks, everything is forgotten, and nothing is kept until there is another one; a network that swallows messages is noticed
   * after a second.
   * @default false
   */
  readonly cache?: boolean | RedisCacheOptions
}

export interface RedisCacheOptions {
  /** How many values are kept at most; those of more than 4,096 characters never are. @default 10_000 */
  readonly entries?: number
  /** What the keys begin with that are kept. @default 'session:' */
  readonly keys?: string
  /** Called when the cache goes on or off, with the reason, and once for each reason that it cannot go on. */
  readonly onChange?: (isOn: boolean, reason: string) => void
}

/**
 * A store in Redis or Valkey (Redis 5 or newer, one server, with replicas, or a cluster), shared by everything that uses the same server and
 * prefix. The app hands in the client that it has: of `ioredis`, `iovalkey`, or `redis`; the store never connects, and never closes it.
 *
 * Throws `BulwarkError` `BULWARK_POLICY_INVALID` or `BULWARK_DURATION_INVALID` for what cannot be used. Each method rejects with
 * `BULWARK_STORE_UNAVAILABLE` when a command got no answer within the deadline; after five in a row the server is left alone for a second.
 * Nothing has to be restarted when it is back.
 *
 * **Security**: limits are exact across processes, by the server's clock. Deleting all of an owner misses nothing that was put before it.
 * Redis may lose its last second when it is killed, and what it answered when a replica takes over: a limit may then admit more, and a
 * deleted session may be back. Give it `maxmemory-policy noeviction`, or a flood pushes sessions out.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  refuseUnknown(strangerIn(options, KNOWN, 'redisStore()'))
  const { prefix = 'bulwark:', deadline, now, cache = false } = options
  // The part of a key between the first braces decides where in a cluster it lives: that must be the store's own.
  if (typeof prefix !== 'string' || /[{}]/.test(prefix)) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a prefix of keys has no braces', {
      at: 'redisStore(client, { prefix })',
      fix: "use letters and colons, such as 'shop:'",
    })
  }
  const link = new Link({ at: 'redisStore(client)', deadline, isAnswer: isRedisAnswer })
  const store = new RedisStore(scriptsOf(client), link, toText(prefix), now)
  if (cache !== false) store.keepReads(trackingOf(client), cache === true ? {} : cache)
  return store
}

/**
 * A value and the list of its owner may live on two nodes, and nothing can write both at once. So the list is written before the value: it
 * may hold what is not there (any more, or yet), and is never believed without asking the value; but what is there is in it. Each put stands
 * in the list under its own version, which never comes again: so whoever removes an old one cannot remove one that is just being put.
 *
 * It stays this much longer than its value, for clocks of nodes that differ, and commands that come late.
 */
const MARGIN = 3_600_000
/** Milliseconds that everything is kept longer when the time is the app's: the server must not be the one to end it. */
const OWN_CLOCK_GRACE = 60_000
/** What the name of a value ends with, and that of no limit does. */
const VALUE = '}:value'
/** How many commands, or arguments, are sent in one go. */
const BATCH = 256

class RedisStore implements Store {
  readonly name = 'redis'
  readonly shared = true
  readonly #scripts: RunScript
  readonly #link: Link
  readonly #prefix: string
  readonly #now: (() => number) | undefined
  readonly #grace: string
  #cache: ReadCache | undefined

  constructor(scripts: RunScript, link: Link, prefix: string, now: (() => number) | undefined) {
    this.#scripts = scripts
    this.#link = link
    this.#prefix = prefix
    this.#now = now
    this.#grace = now ? String(OWN_CLOCK_GRACE) : '0'
  }

  keepReads(open: OpenTracking, { entries = 10_000, keys = 'session:', onChange }: RedisCacheOptions): void {
    if (!Number.isSafeInteger(entries) || entries < 2) {
      throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no number of values to keep', {
        at: 'redisStore(client, { cache: { entries } })',
        fix: 'write a whole number from 2, such as 10_000',
      })
    }
    const begin = `${this.#prefix}{k:`
    this.#cache = new ReadCache({
      open,
      keys: toText(keys),
      serverKeys: begin + toText(keys),
      textOf: (key) =>
        key.startsWith(begin) && key.endsWith(VALUE) ? key.slice(begin.length, -VALUE.length) : undefined,
      entries,
      now: this.#now ?? (() => performance.now()),
      write: (text) => this.#put(fromText(text), '', { ttl: 1000 }),
      onChange: onChange ?? (() => {}),
    })
  }

  get(key: string): Awaitable<Entry | undefined> {
    const text = toText(key)
    const cache = this.#cache
    if (cache?.covers(text) !== true) return this.#read(text).then((read) => read?.entry)
    return cache.get(text) ?? cache.read(text, () => this.#read(text))
  }

  async put(key: string, value: string, options: PutOptions): Promise<number | undefined> {
    try {
      return await this.#put(key, value, options)
    } finally {
      // Whatever has become of it. The server tells us as well, but the next read of this process may come before that.
      this.#cache?.forget(toText(key))
    }
  }

  async #put(key: string, value: string, options: PutOptions): Promise<number | undefined> {
    const ttl = toLifetime(options.ttl)
    const [text, version] = [toText(key), newVersion()]
    const owner = options.owner === undefined ? undefined : toText(options.owner)
    const expected = options.expected === undefined ? '' : String(options.expected)
    const isListed = owner !== undefined && ttl > 0
    if (isListed) {
      await this.#run(REMEMBER, [this.#ownerKey(owner)], `${version} ${text}`, String(ttl + MARGIN), this.#grace)
    }
    const holder = owner === undefined ? '' : `+${owner}`
    const args = [toText(value), String(version), String(ttl), expected, holder, this.#grace]
    const [done, oldVersion, oldOwner] = toList(await this.#run(PUT, [this.#valueKey(text)], ...args))
    if (Number(done) !== 1) {
      if (isListed) await this.#forget(owner, [`${version} ${text}`])
      return undefined
    }
    if (oldOwner !== null && oldOwner !== undefined) await this.#forget(String(oldOwner), [`${oldVersion} ${text}`])
    return version
  }

  async delete(key: string): Promise<boolean> {
    const text = toText(key)
    const asked = this.#run(DELETE, [this.#valueKey(text), this.#limitKey(text)])
    const [lived, version, owner] = toList(await asked.finally(() => this.#cache?.forget(text)))
    if (owner !== null && owner !== undefined) await this.#forget(String(owner), [`${version} ${text}`])
    return Number(lived) === 1
  }

  async take(key: string, rate: Rate, cost = 1): Promise<Taken> {
    const counted = toCost(rate, cost)
    const args = [String(rate.burst), String(rate.period), String(counted), this.#grace]
    const [allowed, level] = toList(await this.#run(TAKE, [this.#limitKey(toText(key))], ...args))
    return toTaken(Number(allowed) === 1, Number(level), rate, counted)
  }

  async keysOf(owner: string): Promise<readonly string[]> {
    const holder = toText(owner)
    const live = await this.#each(await this.#listed(holder), async (text) => {
      const isOwned = await this.#run(IS_OWNED, [this.#valueKey(text)], holder)
      return Number(isOwned) === 1 ? [fromText(text)] : []
    })
    return live.flat()
  }

  async deleteAllOf(owner: string): Promise<number> {
    const holder = toText(owner)
    // By owner and not by version: what was prolonged since the list was read must go as well.
    const gone = await this.#each(await this.#listed(holder), async (text) => {
      const asked = this.#run(DELETE_OWNED, [this.#valueKey(text)], holder)
      const [lived, version] = toList(await asked.finally(() => this.#cache?.forget(text)))
      return { lived: Number(lived), member: version ? `${version} ${text}` : undefined }
    })
    const members = gone.flatMap(({ member }) => member ?? [])
    for (let from = 0; from < members.length; from += BATCH) {
      await this.#forget(holder, members.slice(from, from + BATCH))
    }
    return gone.reduce((sum, { lived }) => sum + lived, 0)
  }

  async close(): Promise<void> {
    this.#cache?.close()
    this.#link.close()
  }

  async #read(text: string): Promise<Read | undefined> {
    const answer = await this.#run(GET, [this.#valueKey(text)])
    if (!Array.isArray(answer)) return undefined
    const [value, version, left] = answer
    return { entry: { value: fromText(String(value)), version: Number(version) }, left: Number(left) }
  }

  #run(script: Script, keys: readonly string[], ...args: string[]): Promise<unknown> {
    const now = this.#now ? String(this.#now()) : ''
    return this.#link.run(() => this.#scripts(script, keys, [now, ...args]))
  }

  /** Each key once: while it is put anew, it stands there in two versions. */
  async #listed(owner: string): Promise<readonly string[]> {
    const members = toList(await this.#run(REMEMBERED, [this.#ownerKey(owner)])).map(String)
    return [...new Set(members.map((member) => member.slice(member.indexOf(' ') + 1)))]
  }

  async #each<Item, Answer>(items: readonly Item[], ask: (item: Item) => Promise<Answer>): Promise<Answer[]> {
    const answers: Answer[] = []
    for (let from = 0; from < items.length; from += BATCH) {
      answers.push(...(await Promise.all(items.slice(from, from + BATCH).map(ask))))
    }
    return answers
  }

  /** Tidies the list of an owner. What was asked for has been done by now: to report its failure would be a lie, and the list mends itself. */
  async #forget(owner: string, members: readonly string[]): Promise<void> {
    await this.#run(FORGET, [this.#ownerKey(owner)], ...members).catch(() => undefined)
  }

  #valueKey(text: string): string {
    return `${this.#prefix}{k:${text}${VALUE}`
  }

  #limitKey(text: string): string {
    return `${this.#prefix}{k:${text}}:limit`
  }

  #ownerKey(text: string): string {
    return `${this.#prefix}{o:${text}}:keys`
  }
}

function toList(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer
  throw new Error(`the client answered ${typeof answer} where a list was expected`)
}
