import { TwoGenerations } from '../../toolbox/two-generations.ts'

/** How often one client has caused one failure lately. */
interface Failure {
  count: number
  /** When the counting began. */
  since: number
  /** How often it led to a pause. */
  pauses: number
  last: number
}

const MOST = 20_000
const FIRST_PAUSE = 10_000
const LONGEST_PAUSE = 10 * 60_000
/** After so long without a failure a client begins anew. */
const FORGIVEN = 60 * 60_000

/** Remembers, within a fixed amount of memory, who keeps causing which failure, and who has to pause where. */
export class Failures {
  readonly #repeats: number
  readonly #window: number
  readonly #failures = new TwoGenerations<Failure>(MOST)
  readonly #pauses = new TwoGenerations<number>(MOST)
  /** The end of the latest pause: while nobody pauses, a request costs one comparison. */
  #latest = 0

  /** @param repeats failures of one kind that one client may cause within `window` milliseconds */
  constructor(repeats: number, window: number) {
    this.#repeats = repeats
    this.#window = window
  }

  /** Whether anybody has to pause at all. */
  isQuiet(now: number): boolean {
    return now >= this.#latest
  }

  /** Milliseconds that the client still has to wait before it may call this place; 0 when it may. */
  pauseOf(client: string, place: string, now: number): number {
    return Math.max(0, (this.#pauses.get(`${client} ${place}`) ?? 0) - now)
  }

  /** Counts a failure. Answers the pause that it leads to, in milliseconds; 0 when it leads to none. */
  count(client: string, place: string, failure: string, now: number): number {
    const key = `${client} ${place} ${failure}`
    let known = this.#failures.get(key)
    if (known === undefined || now - known.last > FORGIVEN) {
      known = { count: 0, since: now, pauses: 0, last: now }
      this.#failures.set(key, known)
    }
    if (known.pauses === 0 && now - known.since > this.#window) {
      known.count = 0
      known.since = now
    }
    known.last = now
    known.count++
    // Whoever has paused before and fails again has not learned from it: the next pause follows at once, and is longer.
    if (known.pauses === 0 && known.count < this.#repeats) return 0
    const pause = Math.min(FIRST_PAUSE * 2 ** known.pauses, LONGEST_PAUSE)
    known.pauses++
    this.#pauses.set(`${client} ${place}`, now + pause)
    if (now + pause > this.#latest) this.#latest = now + pause
    return pause
  }
}

/** What tells one failure from another: the kind of error and the line that threw it. Never the message, which may hold input. */
export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { stack } = error
  const at = stack === undefined ? -1 : stack.indexOf('\n    at ')
  if (stack === undefined || at === -1) return error.name
  const end = stack.indexOf('\n', at + 1)
  return `${error.name} ${stack.slice(at + 8, end === -1 ? undefined : end)}`
}
