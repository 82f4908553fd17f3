import type { EventOutcome } from 'bulwark'
import type { Entry } from './entry.ts'

/** What is known of one address, from the events that are kept. */
export interface Client {
  readonly ip: string
  readonly counts: Readonly<Record<EventOutcome, number>>
  readonly first: number
  readonly last: number
  /** The protections that told of it, and how often. */
  readonly guards: ReadonlyMap<string, number>
  /** Where it went: the app's own routes, and paths where there was none. A few of them. */
  readonly places: ReadonlySet<string>
  readonly users: ReadonlySet<string>
}

interface Growing {
  ip: string
  counts: Record<EventOutcome, number>
  first: number
  last: number
  guards: Map<string, number>
  places: Set<string>
  users: Set<string>
}

const MOST_PLACES = 6
const MOST_USERS = 6

/** By address, those that were stopped most often first. */
export function clientsOf(entries: Iterable<Entry>): readonly Client[] {
  const clients = new Map<string, Growing>()
  for (const entry of entries) {
    const { ip, at, guard, outcome, user } = entry
    if (ip === undefined) continue
    let client = clients.get(ip)
    if (client === undefined) {
      const counts = { denied: 0, observed: 0, reported: 0, failed: 0 }
      client = { ip, counts, first: at, last: at, guards: new Map(), places: new Set(), users: new Set() }
      clients.set(ip, client)
    }
    client.counts[outcome]++
    client.first = Math.min(client.first, at)
    client.last = Math.max(client.last, at)
    client.guards.set(guard, (client.guards.get(guard) ?? 0) + 1)
    if (client.places.size < MOST_PLACES) client.places.add(entry.route ?? `${entry.method ?? ''} ${entry.path ?? ''}`)
    if (user !== undefined && client.users.size < MOST_USERS) client.users.add(user)
  }
  return [...clients.values()].sort((a, b) => b.counts.denied - a.counts.denied || b.last - a.last)
}
