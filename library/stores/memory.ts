import { BulwarkError } from '../core/errors.ts'
import type { Entry, PutOptions, Rate, Store, Taken } from '../core/store.ts'
import { type Bucket, emptyBucket, isBucketRate, pour } from '../toolbox/gcra.ts'
import { TwoGenerations } from '../toolbox/two-generations.ts'

export interface MemoryStoreOptions {
  /** The most values, and the most limits, that are kept. @default 100_000 */
  readonly max?: number
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/**
 * A store in the memory of this process, for development, tests, and limits that may be forgotten. Answers at once, never with a promise.
 *
 * **Security**: it is bounded. Values beyond `max` push out, of a few, the one that expires soonest; limits push out those not used for longest, and
 * cannot push out values. Other processes see none of it: with several, each allows the whole rate.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
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

/** How many entries one write looks at to find what has expired. */
const SWEEP = 8

class MemoryStore implements Store {
  readonly name = 'memory'
  readonly shared = false
  readonly #max: number
  readonly #now: () => number
  readonly #slots = new Map<string, Slot>()
  readonly #owned = new Map<string, Set<string>>()
  readonly #buckets: TwoGenerations<Bucket>
  #version = 0
  /** Goes round and round. A new iterator for each step would walk over all that was deleted before. */
  #sweeper = this.#slots.entries()

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
    if (slot) this.#remove(key, slot)
    const version = ++this.#version
    if (ttl <= 0) return version
    this.#makeRoom()
    this.#slots.set(key, { value, version, expires: this.#now() + ttl, owner })
    if (owner !== undefined) {
      const keys = this.#owned.get(owner)
      if (keys) keys.add(key)
      else this.#owned.set(owner, new Set([key]))
    }
    return version
  }

  delete(key: string): boolean {
    const slot = this.#live(key)
    if (slot) this.#remove(key, slot)
    return this.#buckets.delete(key) || slot !== undefined
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
    for (const key of keys) this.delete(key)
    return keys.length
  }

  close(): void {
    this.#slots.clear()
    this.#owned.clear()
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
    if (slot.owner === undefined) return
    const keys = this.#owned.get(slot.owner)
    keys?.delete(key)
    if (keys?.size === 0) this.#owned.delete(slot.owner)
  }

  /** Removes what has expired among the next few entries; when that frees nothing and the store is full, the one that would expire first. */
  #makeRoom(): void {
    const now = this.#now()
    let soonestKey: string | undefined
    let soonest: Slot | undefined
    for (let step = 0; step < SWEEP && this.#slots.size > 0; step++) {
      let next = this.#sweeper.next()
      if (next.done) {
        this.#sweeper = this.#slots.entries()
        next = this.#sweeper.next()
      }
      if (next.done) break
      const [key, slot] = next.value
      if (slot.expires <= now) this.#remove(key, slot)
      else if (!soonest || slot.expires < soonest.expires) {
        soonestKey = key
        soonest = slot
      }
    }
    if (this.#slots.size >= this.#max && soonestKey !== undefined && soonest) this.#remove(soonestKey, soonest)
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
