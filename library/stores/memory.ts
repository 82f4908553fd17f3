import { BulwarkError } from '../core/errors.ts'
import type { Entry, PutOptions, Rate, Store, Taken } from '../core/store.ts'
import { refuseUnknown } from '../core/unknown-key.ts'
import { type Bucket, emptyBucket, isBucketRate, pour } from '../toolbox/gcra.ts'
import { type KnownKeys, strangerIn } from '../toolbox/known-keys.ts'
import { Soonest } from '../toolbox/soonest.ts'
import { TwoGenerations } from '../toolbox/two-generations.ts'

const KNOWN: KnownKeys<MemoryStoreOptions> = { max: true, now: true }

export interface MemoryStoreOptions {
  /** The most values, and the most limits, that are kept. @default 100_000 */
  readonly max?: number
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/**
 * A store in the memory of this process, for development, tests, and limits that may be forgotten. Answers at once, never with a promise.
 *
 * **Security**: it is bounded. Values beyond `max` push out the one that expires soonest; limits push out those not used for longest, and
 * cannot push out values. Other processes see none of it: with several, each allows the whole rate.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  refuseUnknown(strangerIn(options, KNOWN, 'memoryStore()'))
  const { max = 100_000, now = Date.now } = options
  if (!Number.isInteger(max) || max < 2) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a memory store must keep a whole number of entries, at least 2', {
      at: 'memoryStore({ max })',
      fix: 'leave `max` out for 100,000 entries',
    })
  }
  return new MemoryStore(max, now)
}

interface Slot {
  readonly value: string
  readonly version: number
  readonly expires: number
  readonly owner: string | undefined
}

/** How many expired entries one write removes. */
const SWEEP = 8
/** How many entries one write looks at to find the one to push out. */
const PATIENCE = 64

class MemoryStore implements Store {
  readonly name = 'memory'
  readonly shared = false
  readonly #max: number
  readonly #now: () => number
  readonly #slots = new Map<string, Slot>()
  readonly #owned = new Map<string, Set<string>>()
  readonly #buckets: TwoGenerations<Bucket>
  #version = 0
  /** When keys were to expire as they were made; a key that was prolonged since is found out when its turn comes. */
  readonly #expiry = new Soonest()

  constructor(max: number, now: () => number) {
    this.#max = max
    this.#now = now
    this.#buckets = new TwoGenerations(max)
  }

  get(key: string): Entry | undefined {
    const slot = this.#live(key)
    return slot && { value: slot.value, version: slot.version }
  }

  put(key: string, value: string, options: PutOptions): number | undefined {
    const { ttl, expected, owner } = options
    if (!Number.isFinite(ttl)) throw endless()
    const slot = this.#live(key)
    if (expected !== undefined && expected !== (slot ? slot.version : 0)) return undefined
    const version = ++this.#version
    if (ttl <= 0) {
      if (slot) this.#remove(key, slot)
      return version
    }
    // Never deleted and set anew: on one hot key that is what makes a Map slow.
    if (!slot) this.#makeRoom()
    else if (slot.owner !== owner) this.#disown(key, slot.owner)
    const expires = this.#now() + ttl
    // Only a key that is new, or is to expire earlier than it was, needs another place in the queue.
    if (!slot || expires < slot.expires) this.#expiry.push(expires, key)
    this.#slots.set(key, { value, version, expires, owner })
    if (this.#expiry.size > 2 * this.#slots.size + 1024) this.#recount()
    if (owner !== undefined && slot?.owner !== owner) {
      const keys = this.#owned.get(owner)
      if (keys) keys.add(key)
      else this.#owned.set(owner, new Set([key]))
    }
    return version
  }

  delete(key: string): boolean {
    const slot = this.#live(key)
    if (slot) this.#remove(key, slot)
    this.#buckets.delete(key)
    return slot !== undefined
  }

  take(key: string, rate: Rate, cost = 1): Taken {
    if (!isBucketRate(rate) || !Number.isInteger(cost)) throw uncountable()
    const now = this.#now()
    let bucket = this.#buckets.get(key)
    if (!bucket) {
      bucket = emptyBucket(rate, now)
      if (cost > 0) this.#buckets.set(key, bucket)
    }
    return pour(bucket, rate, cost, now)
  }

  keysOf(owner: string): readonly string[] {
    const keys = this.#owned.get(owner)
    return keys ? [...keys].filter((key) => this.#live(key) !== undefined) : []
  }

  deleteAllOf(owner: string): number {
    const keys = this.keysOf(owner)
    for (const key of keys) this.#slots.delete(key)
    this.#owned.delete(owner)
    return keys.length
  }

  close(): void {
    this.#slots.clear()
    this.#owned.clear()
    this.#expiry.clear()
    this.#buckets.clear()
  }

  #live(key: string): Slot | undefined {
    const slot = this.#slots.get(key)
    if (!slot || this.#now() < slot.expires) return slot
    this.#remove(key, slot)
    return undefined
  }

  #remove(key: string, slot: Slot): void {
    this.#slots.delete(key)
    this.#disown(key, slot.owner)
  }

  #disown(key: string, owner: string | undefined): void {
    if (owner === undefined) return
    const keys = this.#owned.get(owner)
    keys?.delete(key)
    if (keys?.size === 0) this.#owned.delete(owner)
  }

  /** Removes a few that have expired; when the store is still full after that, the one that would expire first. */
  #makeRoom(): void {
    const now = this.#now()
    for (let step = 0; step < SWEEP; step++) {
      const next = this.#expiry.peek()
      if (!next || next.time > now) break
      this.#expiry.pop()
      const slot = this.#slots.get(next.key)
      if (slot) this.#settle(next.key, slot, now)
    }
    if (this.#slots.size >= this.#max) this.#evict(now)
  }

  /** Goes through the queue until an entry tells the truth. Of very many that were prolonged, it takes the soonest it has seen. */
  #evict(now: number): void {
    let soonestKey: string | undefined
    let soonest: Slot | undefined
    for (let step = 0; step < PATIENCE && this.#slots.size >= this.#max; step++) {
      const next = this.#expiry.pop()
      if (!next) break
      const slot = this.#slots.get(next.key)
      if (!slot) continue
      if (slot.expires <= next.time) {
        this.#remove(next.key, slot)
        return
      }
      this.#settle(next.key, slot, now)
      if (!soonest || slot.expires < soonest.expires) {
        soonestKey = next.key
        soonest = slot
      }
    }
    if (this.#slots.size >= this.#max && soonestKey !== undefined && soonest) this.#remove(soonestKey, soonest)
  }

  /** Removes what has expired, and queues what was prolonged for its new time. */
  #settle(key: string, slot: Slot, now: number): void {
    if (slot.expires <= now) this.#remove(key, slot)
    else this.#expiry.push(slot.expires, key)
  }

  /** Drops what the queue still holds of deleted keys. */
  #recount(): void {
    this.#expiry.clear()
    for (const [key, slot] of this.#slots) this.#expiry.push(slot.expires, key)
  }
}

function endless(): BulwarkError {
  return new BulwarkError('BULWARK_DURATION_INVALID', 'every value in a store expires', {
    at: 'put({ ttl })',
    fix: 'give a number of milliseconds',
  })
}

function uncountable(): BulwarkError {
  return new BulwarkError('BULWARK_LIMIT_INVALID', 'this rate cannot be counted', {
    at: 'take(key, rate, cost)',
    fix: 'use whole numbers: a burst and a period in milliseconds from 1, with a product below 2^53',
  })
}
