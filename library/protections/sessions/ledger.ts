import { setTimeout as pause } from 'node:timers/promises'
import type { Awaitable } from '../../core/exchange.ts'
import type { Store } from '../../core/store.ts'
import { formatRecord, MOVED, ownerOf, parseRecord, type SessionRecord, settled } from './record.ts'
import { contended, isStoreAway, storeAway } from './refusals.ts'

export interface LedgerOptions {
  readonly app: string
  readonly store: Store
  /** Milliseconds. */
  readonly idle: number
  /** Milliseconds. */
  readonly absolute: number
  now(): number
}

/** A record with the key and the version under which it was found. */
export interface Held {
  readonly key: string
  readonly version: number
  readonly record: SessionRecord
}

type Make = (record: SessionRecord) => SessionRecord

interface Change {
  readonly make: Make
  readonly resolve: (held: Held | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Every write asks for the version that it read, so of this many in a row each was beaten by another process. */
const ATTEMPTS = 200
const MOVING_MS = 60_000

/**
 * The sessions in the store. Nothing that was ended comes back: a session is changed only in the version that was read, and moved to
 * a new id only if its old place was still there at the end.
 */
export class Ledger {
  readonly #options: LedgerOptions
  /** Writes of this process to one session wait for each other, so that only other processes can be in the way. */
  readonly #lanes = new Map<string, Promise<unknown>>()
  /** Changes that wait for the lane of their session. */
  readonly #waiting = new Map<string, Change[]>()

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  /** The session, if it is there and in time; counts as use of it at most every tenth of the idle time. */
  async read(key: string): Promise<Held | undefined> {
    const held = await this.#look(key)
    if (held === undefined) return undefined
    const now = this.#options.now()
    if (now - held.record.seen < this.#options.idle / 10) return held
    const record = { ...settled(held.record), seen: now }
    const version = await this.#put(key, record, held.version)
    // Somebody else wrote at the same time, and that was use as well; or it has just ended, which the next write will find out.
    return version === undefined ? held : { key, version, record }
  }

  async create(key: string, record: SessionRecord): Promise<Held> {
    const version = await this.#put(key, record, 0)
    if (version === undefined) throw contended()
    return { key, version, record: asStored(record) }
  }

  /**
   * Changes the session, or answers `undefined` when it is over. Changes that wait for the same session are made one after the other, each on
   * what the one before has made of it, and stored together.
   */
  change(key: string, make: Make): Promise<Held | undefined> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(key)
      if (waiting !== undefined) {
        waiting.push({ make, resolve, reject })
        return
      }
      this.#waiting.set(key, [{ make, resolve, reject }])
      void this.#inLane(key, () => this.#changeTogether(key))
    })
  }

  /** Never fails: each change hears of its own failure. */
  async #changeTogether(key: string): Promise<void> {
    const together = this.#waiting.get(key) ?? []
    this.#waiting.delete(key)
    try {
      const made = await this.#changeAll(key, together)
      for (const [i, { resolve }] of together.entries()) resolve(made?.[i])
    } catch (error) {
      if (together.length === 1 || isStoreAway(error)) for (const { reject } of together) reject(error)
      // One of them cannot be stored. The others have nothing to do with it.
      else
        for (const one of together) await this.#changeAll(key, [one]).then((made) => one.resolve(made?.[0]), one.reject)
    }
  }

  #changeAll(key: string, changes: readonly Change[]): Promise<readonly Held[] | undefined> {
    return this.#swap(key, async (held) => {
      const seen = this.#options.now()
      let record = held.record
      const states = changes.map(({ make }) => {
        record = asStored({ ...make(settled(record)), seen })
        return record
      })
      const version = await this.#put(key, record, held.version)
      return version === undefined ? undefined : states.map((state) => ({ key, version, record: state }))
    })
  }

  /** Puts the session under a new key and ends the old one, or answers `undefined` when it is over, or ended meanwhile. */
  move(from: string, to: string, make: Make): Promise<Held | undefined> {
    return this.#inLane(from, async () => {
      const old = await this.#swap(from, async (held) => {
        const options = { ttl: MOVING_MS, expected: held.version, ...this.#owned(held.record) }
        const version = await this.#ask((store) => store.put(from, MOVED, options))
        return version === undefined ? undefined : held
      })
      if (old === undefined) return undefined
      const held = await this.create(to, make(settled(old.record)))
      // Whoever ended it, or all sessions of its user, in the meantime has taken away the mark: then nothing may be left of it.
      if (await this.end(from)) return held
      await this.end(to)
      return undefined
    })
  }

  end(key: string): Promise<boolean> {
    return this.#ask((store) => store.delete(key))
  }

  endAll(userId: string): Promise<number> {
    return this.#ask((store) => store.deleteAllOf(ownerOf(this.#options.app, userId)))
  }

  keysOf(userId: string): Promise<readonly string[]> {
    return this.#ask((store) => store.keysOf(ownerOf(this.#options.app, userId)))
  }

  /** The user's sessions, latest sign-in first, without those that may yet turn out to be one too many. */
  async list(userId: string): Promise<readonly Held[]> {
    const found = await Promise.all((await this.keysOf(userId)).map((key) => this.#look(key)))
    return found
      .filter((held) => held !== undefined)
      .filter(({ record }) => record.provisional !== true)
      .sort((a, b) => b.record.signedIn - a.record.signedIn || (a.key < b.key ? -1 : 1))
  }

  /** Ends the oldest sessions of a user beyond the limit, but not the one that has just begun. */
  async trim(userId: string, own: string, limit: number): Promise<void> {
    if ((await this.keysOf(userId)).length <= limit) return
    const others = (await this.list(userId)).filter(({ key }) => key !== own)
    for (const { key } of others.slice(limit - 1)) await this.end(key)
  }

  async #look(key: string): Promise<Held | undefined> {
    const entry = await this.#ask((store) => store.get(key))
    const record = entry && parseRecord(entry.value)
    if (entry === undefined || record === undefined || this.#left(record) <= 0) return undefined
    return { key, version: entry.version, record }
  }

  /** Milliseconds until the session is over by itself. */
  #left({ created, seen }: SessionRecord): number {
    const { idle, absolute, now } = this.#options
    return Math.min(seen + idle, created + absolute) - now()
  }

  #put(key: string, record: SessionRecord, expected: number): Promise<number | undefined> {
    const value = formatRecord(record)
    const options = { ttl: this.#left(record), expected, ...this.#owned(record) }
    return this.#ask((store) => store.put(key, value, options))
  }

  #owned({ user }: SessionRecord): { readonly owner?: string } {
    return user === undefined ? {} : { owner: ownerOf(this.#options.app, user.id) }
  }

  async #swap<T>(key: string, write: (held: Held) => Promise<T | undefined>): Promise<T | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const held = await this.#look(key)
      if (held === undefined) return undefined
      const written = await write(held)
      if (written !== undefined) return written
      await pause(Math.random() * Math.min(attempt, 20))
    }
    throw contended()
  }

  async #inLane<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lanes.get(key)
    const own = before === undefined ? work() : before.then(work)
    const settled = own.then(ignore, ignore)
    this.#lanes.set(key, settled)
    try {
      return await own
    } finally {
      if (this.#lanes.get(key) === settled) this.#lanes.delete(key)
    }
  }

  #ask<T>(question: (store: Store) => Awaitable<T>): Promise<T> {
    return askFor(() => question(this.#options.store))
  }
}

/** @throws SessionError `BULWARK_STORE_UNAVAILABLE` (503), whatever keeps the answer away */
export async function askFor<T>(question: () => Awaitable<T>): Promise<T> {
  try {
    return await question()
  } catch (cause) {
    throw storeAway(cause)
  }
}

/** What a later request will read: dates have become texts, functions are gone. */
function asStored(record: SessionRecord): SessionRecord {
  return { ...record, data: JSON.parse(formatRecord(record)).data }
}

function ignore(): void {}
