import { constants, PerformanceObserver, performance } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

/** Bytes of a heap, and how many there may be. */
export interface HeapSize {
  readonly used: number
  readonly limit: number
}

/** What V8 sets aside for young objects, and counts into its limit although nothing old fits there. */
const YOUNG = 48 * 1024 * 1024
/** From here on collections are listened to, which costs a little. */
const CLOSE = 0.8
/** How long one collection is proof, in milliseconds. V8 collects often where it is short of memory. */
const PROOF = 2000
const NEVER: number = Number.NEGATIVE_INFINITY

/**
 * Tells whether what is left after garbage was collected is nearly all that may be there. Only that is proof: a heap that has not been
 * collected for a while is full of garbage in every process.
 */
export class HeapWatch {
  #used = 0
  #provenAt: number = NEVER
  #observer: PerformanceObserver | undefined
  readonly #most: number
  readonly #read: () => HeapSize

  constructor(most: number, read: () => HeapSize = readHeap) {
    this.#most = most
    this.#read = read
  }

  /** Which part of the heap is in use, as it was when it was last looked at. */
  get used(): number {
    return this.#used
  }

  /** To be called about once a second. */
  look(): void {
    this.#used = this.#part()
    if (this.#used > CLOSE && this.#observer === undefined) this.#listen()
    else if (this.#used < CLOSE * 0.9) this.stop()
  }

  /** Garbage has been collected, all of it. */
  collected(now: number): void {
    this.#used = this.#part()
    this.#provenAt = this.#used > this.#most ? now : NEVER
  }

  /** While nothing is let in nothing is collected either, so what was proven is proven for a while only. */
  isFull(now?: number): boolean {
    return this.#provenAt !== NEVER && (now ?? performance.now()) - this.#provenAt < PROOF
  }

  stop(): void {
    this.#observer?.disconnect()
    this.#observer = undefined
  }

  #part(): number {
    const { used, limit } = this.#read()
    return used / limit
  }

  #listen(): void {
    this.#observer = new PerformanceObserver((list) => {
      const isMajor = list.getEntries().some((entry) => {
        return (entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
      })
      if (isMajor) this.collected(performance.now())
    })
    this.#observer.observe({ entryTypes: ['gc'] })
  }
}

function readHeap(): HeapSize {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  return { used, limit: limit > 2 * YOUNG ? limit - YOUNG : limit }
}
