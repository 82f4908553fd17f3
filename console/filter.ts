import type { EventOutcome } from 'bulwark'
import { type Entry, OUTCOMES } from './entry.ts'

/** What somebody wants to see, as it stands in the query of the page. */
export interface Filter {
  readonly outcome?: EventOutcome
  readonly guard?: string
  /** The beginning of an address. */
  readonly client?: string
  readonly incident?: string
}

/** Everything that is no filter is left out: a query is typed by people, and changed by whoever made the link. */
export function parseFilter(query: URLSearchParams): Filter {
  const outcome = OUTCOMES.find((one) => one === query.get('outcome'))
  const textOf = (name: string): string | undefined => query.get(name)?.trim().slice(0, 64) || undefined
  const [guard, client, incident] = [textOf('guard'), textOf('client'), textOf('incident')]
  return {
    ...(outcome && { outcome }),
    ...(guard && { guard }),
    ...(client && { client }),
    ...(incident && { incident }),
  }
}

export function isMatch(entry: Entry, { outcome, guard, client, incident }: Filter): boolean {
  return (
    (outcome === undefined || entry.outcome === outcome) &&
    (guard === undefined || entry.guard === guard) &&
    (client === undefined || (entry.ip ?? '').startsWith(client)) &&
    (incident === undefined || entry.incident === incident)
  )
}

/** The query that shows the same again. `''` where everything is shown. */
export function toQuery(filter: Filter, more: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams({ ...filter, ...more }).toString()
  return text === '' ? '' : `?${text}`
}
