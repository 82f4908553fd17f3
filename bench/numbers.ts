/** What the rounds said about one number. */
export interface Spread {
  readonly median: number
  /** The lower quartile: what other programs on the machine add to a round, no round takes away. */
  readonly low: number
  readonly min: number
  readonly max: number
  readonly rounds: readonly number[]
}

/** CPU time and requests of one stretch of time inside the server. */
export interface Window {
  /** Microseconds of user and system time of the whole process. */
  readonly cpu: number
  readonly requests: number
}

/** The smallest value that at least this share of all values does not exceed (nearest rank). Throws on no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new RangeError('no values to take a percentile of')
  return value
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const low = sorted[Math.ceil(sorted.length / 2) - 1]
  const high = sorted[Math.floor(sorted.length / 2)]
  if (low === undefined || high === undefined) throw new RangeError('no values to take a median of')
  return (low + high) / 2
}

export function spread(values: readonly number[]): Spread {
  return {
    median: median(values),
    low: percentile(values, 0.25),
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values,
  }
}

/**
 * Microseconds of CPU per request: the 20th percentile over the windows, which is what the code costs while the machine
 * is left alone. Windows that were mostly idle (the load had not begun or was over) do not count.
 */
export function cpuPerRequest(windows: readonly Window[]): number {
  const busy = windows.filter((window) => window.requests > 0)
  if (busy.length === 0) throw new RangeError('no window saw a request')
  const enough = median(busy.map((window) => window.requests)) / 2
  return percentile(
    busy.filter((window) => window.requests >= enough).map((window) => window.cpu / window.requests),
    0.2,
  )
}

/** `part / whole`, or `undefined` where the whole is nothing that could be shared out. */
export function ratio(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole <= 0 ? undefined : part / whole
}

const BUCKET_MS = 0.01
const BUCKETS = 20_000

/** Latencies counted in steps of 10 us up to 200 ms; what took longer is remembered as the longest. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0
  #longest = 0

  add(milliseconds: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.floor(milliseconds / BUCKET_MS))
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#total++
    if (milliseconds > this.#longest) this.#longest = milliseconds
  }

  /** Milliseconds, rounded up to the step. */
  percentile(share: number): number {
    let left = Math.ceil(share * this.#total)
    for (let bucket = 0; bucket < BUCKETS - 1; bucket++) {
      left -= this.#counts[bucket] ?? 0
      if (left <= 0) return Math.min(this.#longest, (bucket + 1) * BUCKET_MS)
    }
    return this.#longest
  }
}
