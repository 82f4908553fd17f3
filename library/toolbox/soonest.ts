/** One key and the time that it waits for. */
export interface Timed {
  readonly time: number
  readonly key: string
}

/** A queue that gives out the earliest time first (a binary heap). It may hold a key more than once. */
export class Soonest {
  readonly #heap: Timed[] = []

  get size(): number {
    return this.#heap.length
  }

  peek(): Timed | undefined {
    return this.#heap[0]
  }

  push(time: number, key: string): void {
    const heap = this.#heap
    const added: Timed = { time, key }
    let at = heap.push(added) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (!above || above.time <= time) break
      heap[at] = above
      at = parent
    }
    heap[at] = added
  }

  pop(): Timed | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last && heap.length > 0) this.#sink(last)
    return first
  }

  clear(): void {
    this.#heap.length = 0
  }

  /** Puts the last entry at the top and lets it sink to its place. */
  #sink(entry: Timed): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const a = heap[left]
      if (!a) break
      const b = heap[left + 1]
      const child = b && b.time < a.time ? b : a
      if (child.time >= entry.time) break
      heap[at] = child
      at = child === a ? left : left + 1
    }
    heap[at] = entry
  }
}
