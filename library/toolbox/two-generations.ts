/**
 * A bounded map that forgets what was not used for longest, roughly: what is used moves to the young generation, and when
 * that is full, the old one is dropped as a whole.
 *
 * **Security**: an exact least-recently-used order made of `Map.delete` and `Map.set` costs over a hundred times more on one hot key;
 * whoever repeats one cookie would make that an attack. Here each access costs the same.
 */
export class TwoGenerations<V extends NonNullable<unknown> | null> {
  #young = new Map<string, V>()
  #old = new Map<string, V>()
  readonly #half: number

  /** Keeps at most `max` entries, at least the `max / 2` used last. Throws a `RangeError` when `max` is below 2. */
  constructor(max: number) {
    if (!(max >= 2)) throw new RangeError('A map of two generations keeps at least two entries')
    this.#half = Math.floor(max / 2)
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old === undefined) return undefined
    this.#old.delete(key)
    this.#add(key, old)
    return old
  }

  set(key: string, value: V): void {
    if (this.#young.has(key)) {
      this.#young.set(key, value)
      return
    }
    this.#old.delete(key)
    this.#add(key, value)
  }

  delete(key: string): boolean {
    return this.#young.delete(key) || this.#old.delete(key)
  }

  clear(): void {
    this.#young = new Map()
    this.#old = new Map()
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  #add(key: string, value: V): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}
