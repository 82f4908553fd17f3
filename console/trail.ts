import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type AuditLine, type AuditReport, readAudit, verifyAudit } from 'bulwark/audit'
import type { KeyRing } from 'bulwark/keys'

/** What of an audit trail is wanted. */
export interface TrailFilter {
  readonly kind?: 'event' | 'did'
  /** Part of a guard's name, an action, a person, an object, an address or a path. */
  readonly text?: string
  readonly incident?: string
}

export interface TrailPage {
  /** The newest first. */
  readonly lines: readonly AuditLine[]
  readonly hasMore: boolean
  /** Files that were left out because all of them together are too large to read for one page. */
  readonly leftOut: number
}

/** The audit trail of a folder, which other processes may be writing. */
export interface Trail {
  page(filter: TrailFilter, page: number): Promise<TrailPage>
  has(incident: string): Promise<boolean>
  /** The last result for the files as they are, `undefined` while they are too large, and without keys. */
  verify(): Promise<AuditReport | 'no keys' | 'too large'>
}

export const PER_PAGE = 50
/** Older files than these bytes hold are not read for a page. */
const MOST_BYTES = 64 * 1024 * 1024
const ENDING = '.audit.ndjson'

export function openTrail(folder: string, ring: KeyRing | undefined): Trail {
  let checked: { state: string; report: Promise<AuditReport> } | undefined

  /** The newest first, with the sizes. */
  async function files(): Promise<readonly { name: string; size: number; state: string }[]> {
    const names = (await readdir(folder)).filter((name) => name.endsWith(ENDING)).sort()
    return Promise.all(
      names.reverse().map(async (name) => {
        const { size, mtimeMs } = await stat(join(folder, name))
        return { name, size, state: `${name} ${size} ${mtimeMs}` }
      }),
    )
  }

  async function collect(
    isWanted: (line: AuditLine) => boolean,
    most: number,
  ): Promise<{ lines: AuditLine[]; leftOut: number }> {
    let lines: AuditLine[] = []
    let bytes = 0
    let leftOut = 0
    for (const { name, size } of await files()) {
      if (bytes > 0 && bytes + size > MOST_BYTES) {
        leftOut++
        continue
      }
      bytes += size
      for await (const line of readAudit(join(folder, name))) {
        if (!isWanted(line)) continue
        lines.push(line)
        // Files of several processes overlap in time, so what is kept is sorted, and not only what came last.
        if (lines.length >= most * 4) lines = newestOf(lines, most)
      }
    }
    return { lines: newestOf(lines, most), leftOut }
  }

  return {
    async page(filter, page) {
      const from = page * PER_PAGE
      const { lines, leftOut } = await collect((line) => isWanted(line, filter), from + PER_PAGE + 1)
      return { lines: lines.slice(from, from + PER_PAGE), hasMore: lines.length > from + PER_PAGE, leftOut }
    },
    async has(incident) {
      return (await collect((line) => 'incident' in line && line.incident === incident, 1)).lines.length > 0
    },
    async verify() {
      if (ring === undefined) return 'no keys'
      const all = await files()
      if (all.reduce((sum, { size }) => sum + size, 0) > MOST_BYTES) return 'too large'
      const state = `${ring.version} ${all.map((file) => file.state).join('\n')}`
      if (checked?.state !== state) {
        const mine = { state, report: verifyAudit(folder, ring) }
        checked = mine
        // A failure is no result: whoever asks next tries again.
        mine.report.catch(() => {
          if (checked === mine) checked = undefined
        })
      }
      return checked.report
    },
  }
}

function newestOf(lines: AuditLine[], most: number): AuditLine[] {
  return lines.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : b.n - a.n)).slice(0, most)
}

function isWanted(line: AuditLine, { kind, text, incident }: TrailFilter): boolean {
  if (kind !== undefined && line.do !== kind) return false
  if (incident !== undefined && !('incident' in line && line.incident === incident)) return false
  if (text === undefined) return true
  const { guard, risk, action, by, on, ip, path, user } = line as unknown as Readonly<Record<string, unknown>>
  return [guard, risk, action, by, on, ip, path, user].some(
    (value) => typeof value === 'string' && value.includes(text),
  )
}
