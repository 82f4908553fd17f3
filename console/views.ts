import type { Entry } from './entry.ts'
import { isMatch, parseFilter } from './filter.ts'
import type { Memory } from './memory.ts'
import type { AuditView } from './pages/audit.ts'
import type { LiveView } from './pages/live.ts'
import type { Trail, TrailFilter } from './trail.ts'

const PER_PAGE = 50

/** What the page Live shows for a query. */
export async function liveView(memory: Memory, trail: Trail | undefined, query: URLSearchParams): Promise<LiveView> {
  const filter = parseFilter(query)
  const before = numberOf(query, 'before')
  const { seen } = memory
  const entries: Entry[] = []
  let older: number | undefined
  for (const entry of memory.newest(before)) {
    if (!isMatch(entry, filter)) continue
    if (entries.length === PER_PAGE) {
      older = entries.at(-1)?.n
      break
    }
    entries.push(entry)
  }
  const guards = [...new Set(memory.risks().map(({ guard }) => guard))].sort()
  const view: LiveView = { filter, entries, guards, seen, older, isFirst: before === undefined }
  if (filter.incident === undefined || trail === undefined) return view
  // A trail that cannot be read is the business of its own page.
  return { ...view, inAudit: await trail.has(filter.incident).catch(() => false) }
}

/** What the page Audit shows for a query. */
export async function auditView(trail: Trail | undefined, query: URLSearchParams): Promise<AuditView> {
  const textOf = (name: string): string | undefined => query.get(name)?.trim().slice(0, 64) || undefined
  const kind = (['event', 'did'] as const).find((each) => each === query.get('kind'))
  const [text, incident] = [textOf('text'), textOf('incident')]
  const filter: TrailFilter = { ...(kind && { kind }), ...(text && { text }), ...(incident && { incident }) }
  const page = Math.min(numberOf(query, 'page') ?? 0, MOST_PAGES)
  if (trail === undefined) return { filter, page, trail }
  try {
    const [lines, report] = await Promise.all([trail.page(filter, page), trail.verify()])
    return { filter, page, trail: { lines, report } }
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (typeof code !== 'string') throw error
    return { filter, page, trail: { problem: `The folder of the trail cannot be read (${code}).` } }
  }
}

/** So much is sorted for the last of these pages. */
const MOST_PAGES = 200

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
