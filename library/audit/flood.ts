import type { EventOutcome, SecurityEvent } from '../core/event.ts'
import type { MoreLine, Unplaced } from './line.ts'

const MINUTE = 60_000

/** Events of a kind that have no line of their own, counted. */
export interface Flood {
  /** Whether this event is one too many for its minute; it is counted then. */
  isTooMany(event: SecurityEvent): boolean
  /** The counts of the minutes that are over by now, each told once; of every minute with `all`. */
  counts(now: number, all?: boolean): Unplaced<MoreLine>[]
}

interface Count {
  readonly outcome: EventOutcome
  readonly guard: string
  readonly risk: string
  since: number
  seen: number
}

/**
 * Lets so many events of a kind through in a minute.
 *
 * **Security**: whoever can make an app refuse something could fill its disk with refusals (CWE-400), and hide in them.
 */
export function boundFlood(perMinute: number): Flood {
  const counts = new Map<string, Count>()
  const toLine = ({ outcome, guard, risk, seen }: Count, now: number): Unplaced<MoreLine> => ({
    ...{ do: 'more', at: new Date(now).toISOString() },
    ...{ outcome, guard, risk, many: seen - perMinute },
  })
  return {
    isTooMany({ outcome, guard, risk, at }) {
      const kind = `${outcome} ${guard} ${risk}`
      const count = counts.get(kind)
      if (count === undefined) {
        counts.set(kind, { outcome, guard, risk, since: at, seen: 1 })
        return false
      }
      count.seen++
      return count.seen > perMinute
    },
    counts(now, all = false) {
      const lines: Unplaced<MoreLine>[] = []
      for (const [kind, count] of counts) {
        // A clock that was set back must not hold a count for ever.
        if (!all && now - count.since < MINUTE && now >= count.since) continue
        counts.delete(kind)
        if (count.seen > perMinute) lines.push(toLine(count, now))
      }
      return lines
    },
  }
}
