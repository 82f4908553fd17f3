import { setTimeout as pause } from 'node:timers/promises'
import type { Entry } from '../../core/store.ts'
import { randomToken } from '../../toolbox/tokens.ts'
import { TwoGenerations } from '../../toolbox/two-generations.ts'
import type { OpenTracking, TrackingConnection } from './tracking.ts'

/** What the server knows about a value: the entry, and the milliseconds that it has left to live. */
export interface Read {
  readonly entry: Entry
  readonly left: number
}

export interface ReadCacheOptions {
  readonly open: OpenTracking
  /** What the keys that are cached begin with, and how that looks on the server. */
  readonly keys: string
  readonly serverKeys: string
  /** The text of a key, from its name on the server; `undefined` for another kind of key. */
  textOf(serverKey: string): string | undefined
  readonly entries: number
  /** Milliseconds, for the time to live. */
  now(): number
  /** Writes a key, which the server then has to tell of. */
  write(text: string): Promise<unknown>
  onChange(isOn: boolean, reason: string): void
  readonly pace?: Pace
}

interface Cached {
  readonly entry: Entry
  readonly until: number
}

/** A read that is under way. What changes meanwhile makes its answer too old to keep. */
interface Reading {
  isValid: boolean
  readers: number
}

/** Values above this many characters are read anew each time: so many entries would otherwise be no bound of memory. */
const LONGEST = 4096

/** Milliseconds. */
interface Pace {
  /** How often the connection is asked whether it is there. */
  readonly beat: number
  /** For so long after the server was last known to talk to us, what is cached is believed. */
  readonly trust: number
  /** After so long without an answer the connection is given up. */
  readonly patience: number
}

const PACE: Pace = { beat: 300, trust: 1000, patience: 3000 }
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 2000

/**
 * Values that were read, for as long as the server promises to tell when they change. Without the promise nothing is kept.
 *
 * **Security**: what one process ends must end in all others. A network that swallows messages without closing the connection would hide it,
 * so what is here counts only while the server answers: at most a second old, whatever happens.
 */
export class ReadCache {
  readonly #options: ReadCacheOptions
  readonly #entries: TwoGenerations<Cached>
  readonly #reading = new Map<string, Reading>()
  readonly #pace: Pace
  readonly #stop = new AbortController()
  #isOn = false
  #trustedUntil = 0
  #trial: { readonly text: string; readonly isTold: () => void } | undefined

  constructor(options: ReadCacheOptions) {
    this.#options = options
    this.#pace = options.pace ?? PACE
    this.#entries = new TwoGenerations(options.entries)
    void this.#keepConnected()
  }

  covers(text: string): boolean {
    return text.startsWith(this.#options.keys)
  }

  /** Whether anything is answered from here at this moment. */
  get isOn(): boolean {
    return this.#isOn && performance.now() < this.#trustedUntil
  }

  get(text: string): Entry | undefined {
    if (!this.isOn) return undefined
    const cached = this.#entries.get(text)
    if (cached === undefined || cached.until <= this.#options.now()) return undefined
    return cached.entry
  }

  /** Asks the server, and keeps the answer unless it changed in the meantime. */
  async read(text: string, ask: () => Promise<Read | undefined>): Promise<Entry | undefined> {
    if (!this.isOn) return (await ask())?.entry
    const reading = this.#reading.get(text) ?? { isValid: true, readers: 0 }
    reading.readers++
    this.#reading.set(text, reading)
    try {
      const read = await ask()
      // Told of a change while the answer was on its way: nobody can know which of the two came first.
      if (read !== undefined && reading.isValid && read.entry.value.length <= LONGEST) {
        this.#entries.set(text, { entry: read.entry, until: this.#options.now() + read.left })
      }
      return read?.entry
    } finally {
      if (--reading.readers === 0 && this.#reading.get(text) === reading) this.#reading.delete(text)
    }
  }

  forget(text: string): void {
    this.#entries.delete(text)
    const reading = this.#reading.get(text)
    if (reading === undefined) return
    reading.isValid = false
    this.#reading.delete(text)
  }

  close(): void {
    this.#stop.abort()
    this.#turnOff('the store was closed')
  }

  #forgetAll(): void {
    this.#entries.clear()
    for (const reading of this.#reading.values()) reading.isValid = false
    this.#reading.clear()
  }

  #turnOff(reason: string): void {
    const wasOn = this.#isOn
    this.#isOn = false
    this.#trustedUntil = 0
    this.#forgetAll()
    if (wasOn) this.#tell(false, reason)
  }

  /** What the app does with the news, and throws, is none of the cache's business. */
  #tell(isOn: boolean, reason: string): void {
    queueMicrotask(() => this.#options.onChange(isOn, reason))
  }

  async #keepConnected(): Promise<void> {
    let retry = FIRST_RETRY_MS
    let lastReason = ''
    while (!this.#stop.signal.aborted) {
      try {
        const lost = await this.#track()
        retry = FIRST_RETRY_MS
        lastReason = ''
        this.#turnOff(lost)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        this.#turnOff(reason)
        // It was not on, so nobody has heard yet; said once for each cause.
        if (reason !== lastReason && !this.#stop.signal.aborted) this.#tell(false, reason)
        lastReason = reason
      }
      await this.#wait(retry)
      retry = Math.min(retry * 2, LAST_RETRY_MS)
    }
  }

  /** One connection, from its beginning to its end: resolves with the reason of the end, and rejects when it did not begin. */
  async #track(): Promise<string> {
    let lose: (reason: string) => void = () => {}
    const lost = new Promise<string>((resolve) => {
      lose = resolve
    })
    let isOver = false
    const onLost = (reason: string): void => {
      // What a connection says after its end is not about the next one.
      if (isOver) return
      isOver = true
      // At once, and not only when somebody comes to await it.
      this.#turnOff(reason)
      lose(reason)
    }
    const connection = await this.#options.open(this.#options.serverKeys, {
      onChanged: (keys) => this.#changed(keys),
      onLost,
    })
    const end = (): void => onLost('the store was closed')
    this.#stop.signal.addEventListener('abort', end)
    try {
      await Promise.race([this.#tryOut(), lost])
      if (!isOver && !this.#stop.signal.aborted) {
        this.#isOn = true
        this.#tell(true, 'the server tells of changes')
        void this.#beat(connection, () => isOver, onLost)
      }
      if (this.#stop.signal.aborted) end()
      return await lost
    } finally {
      isOver = true
      this.#stop.signal.removeEventListener('abort', end)
      connection.close()
    }
  }

  /**
   * Writes something, and waits until the server tells of it. A prefix that the client adds, a proxy in between, or a server that only claims
   * to track would otherwise be found out by a session that was ended and still works.
   */
  async #tryOut(): Promise<void> {
    const text = `${this.#options.keys}trial-${randomToken(12)}`
    let isTold = (): void => {}
    const told = new Promise<void>((resolve) => {
      isTold = resolve
    })
    this.#trial = { text, isTold }
    const done = new AbortController()
    const late = pause(this.#pace.trust, undefined, { signal: done.signal, ref: false }).then(() => {
      throw new Error('the server does not tell when a key is written')
    })
    try {
      await Promise.race([this.#options.write(text).then(() => told), late])
    } finally {
      this.#trial = undefined
      late.catch(() => undefined)
      done.abort()
    }
  }

  /** What the server says comes in order: when the answer to a ping is here, so is every change from before it. */
  async #beat(connection: TrackingConnection, isOver: () => boolean, onLost: (reason: string) => void): Promise<void> {
    while (!isOver()) {
      const asked = performance.now()
      const late = setTimeout(() => onLost('the server did not answer'), this.#pace.patience)
      late.unref()
      try {
        await connection.ping()
        if (!isOver()) this.#trustedUntil = asked + this.#pace.trust
      } catch (error) {
        onLost(error instanceof Error ? error.message : String(error))
      } finally {
        clearTimeout(late)
      }
      await this.#wait(this.#pace.beat)
    }
  }

  #changed(keys: readonly string[] | undefined): void {
    if (keys === undefined) this.#forgetAll()
    for (const key of keys ?? []) {
      const text = this.#options.textOf(key)
      if (text === undefined) continue
      this.forget(text)
      if (text === this.#trial?.text) this.#trial.isTold()
    }
  }

  async #wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined)
  }
}
