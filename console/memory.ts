import type { EventOutcome, SecurityEvent } from 'bulwark'
import { type Entry, OUTCOMES, toEntry } from './entry.ts'

/** How many events of each outcome there were. */
export type Counts = Readonly<Record<EventOutcome, number>>

/** What was told of one risk by one protection, since the console was opened. */
export interface RiskCount {
  readonly outcome: EventOutcome
  readonly guard: string
  readonly risk: string
  readonly count: number
  readonly last: Entry
}

export interface Hour extends Counts {
  /** When it began, in milliseconds since the epoch. */
  readonly from: number
}

/** The newest events and counts of the last day. Its size is bounded, whatever comes. */
export interface Memory {
  /** Events since the console was opened, kept or not. */
  readonly seen: number
  add(event: SecurityEvent): void
  /** What is kept, the newest first, from before the event `before` on back. */
  newest(before?: number): Iterable<Entry>
  /** The last 24 hours, the oldest first. */
  hours(now: number): readonly Hour[]
  /** What was told of most often. */
  risks(): readonly RiskCount[]
}

const HOUR = 3_600_000
const HOURS = 24
/** Names come from code and not from clients, so this many are never reached by honest use. */
const MOST_RISKS = 500

export function createMemory(keep: number): Memory {
  const ring = new Array<Entry | undefined>(keep)
  const hours = new Map<number, Record<EventOutcome, number>>()
  const risks = new Map<string, { outcome: EventOutcome; guard: string; risk: string; count: number; last: Entry }>()
  let seen = 0

  function count(entry: Entry): void {
    const from = Math.floor(entry.at / HOUR)
    let hour = hours.get(from)
    if (hour === undefined) {
      // A clock that jumps makes hours anywhere: the one that was made first goes.
      if (hours.size >= HOURS * 2) hours.delete(hours.keys().next().value ?? from)
      hour = { denied: 0, observed: 0, reported: 0, failed: 0 }
      hours.set(from, hour)
    }
    hour[entry.outcome]++
    const { outcome, guard, risk } = entry
    const key = `${outcome} ${guard} ${risk}`
    const known = risks.get(key)
    if (known !== undefined) {
      known.count++
      known.last = entry
    } else if (risks.size < MOST_RISKS) {
      risks.set(key, { outcome, guard, risk, count: 1, last: entry })
    }
  }

  return {
    get seen() {
      return seen
    },
    add(event) {
      const entry = toEntry(event, ++seen)
      ring[(seen - 1) % keep] = entry
      count(entry)
    },
    *newest(before = seen + 1) {
      const oldest = Math.max(1, seen - keep + 1)
      for (let n = Math.min(before - 1, seen); n >= oldest; n--) {
        const entry = ring[(n - 1) % keep]
        // While somebody reads on, newer ones may have taken its place.
        if (entry !== undefined && entry.n === n) yield entry
      }
    },
    hours(now) {
      const last = Math.floor(now / HOUR)
      return Array.from({ length: HOURS }, (_, i) => {
        const from = last - HOURS + 1 + i
        const { denied = 0, observed = 0, reported = 0, failed = 0 } = hours.get(from) ?? {}
        return { from: from * HOUR, denied, observed, reported, failed }
      })
    },
    risks: () => [...risks.values()].sort((a, b) => b.count - a.count),
  }
}

export function totalOf(counts: Counts): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0)
}
