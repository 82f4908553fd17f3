import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { type AuditLine, type AuditReport, verifyAudit } from 'bulwark/audit'
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
  /** Whether older lines were not looked at, because all of them are too many for one page. */
  readonly isPartial: boolean
}

/** The audit trail of a folder, which other processes may be writing. */
export interface Trail {
  page(filter: TrailFilter, page: number): Promise<TrailPage>
  has(incident: string): Promise<boolean>
  /** The last result for the files as they are, `undefined` while they are too large, and without keys. */
  verify(): Promise<AuditReport | 'no keys' | 'too large'>
}

export const PER_PAGE = 50
/** The newest bytes, which are read for a page; and the most that are checked. The app goes on meanwhile, in the same process. */
const MOST_BYTES = 16 * 1024 * 1024
const BLOCK = 128 * 1024
const ENDING = '.audit.ndjson'

export function openTrail(folder: string, ring: KeyRing | undefined): Trail {
  let checked: { state: string; report: Promise<AuditReport> } | undefined
  let last: Promise<unknown> = Promise.resolve()

  /** One after the other, so that many who ask at once cost no more memory than one. */
  function inTurn<T>(read: () => Promise<T>): Promise<T> {
    const mine = last.then(read)
    last = mine.catch(() => undefined)
    return mine
  }

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
  ): Promise<{ lines: AuditLine[]; isPartial: boolean }> {
    let lines: AuditLine[] = []
    let left = MOST_BYTES
    let isPartial = false
    for (const { name, size } of await files()) {
      const from = Math.max(0, size - left)
      isPartial ||= from > 0
      left -= size - from
      for await (const some of linesOf(join(folder, name), from, size)) {
        lines.push(...some.filter(isWanted))
        // Files of several processes overlap in time, so what is kept is sorted, and not only what came last.
        if (lines.length >= most * 4) lines = newestOf(lines, most)
      }
    }
    return { lines: newestOf(lines, most), isPartial }
  }

  return {
    async page(filter, page) {
      const from = page * PER_PAGE
      const { lines, isPartial } = await inTurn(() => collect((line) => isWanted(line, filter), from + PER_PAGE + 1))
      return { lines: lines.slice(from, from + PER_PAGE), hasMore: lines.length > from + PER_PAGE, isPartial }
    },
    async has(incident) {
      return (await inTurn(() => collect((line) => isWanted(line, { incident }), 1))).lines.length > 0
    },
    async verify() {
      if (ring === undefined) return 'no keys'
      const all = await files()
      if (all.reduce((sum, { size }) => sum + size, 0) > MOST_BYTES) return 'too large'
      const state = `${ring.version} ${all.map((file) => file.state).join('\n')}`
      if (checked?.state !== state) {
        const mine = { state, report: inTurn(() => verifyAudit(folder, ring)) }
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

/** The whole lines between two places of a file, block by block: in between the app has its turn. */
async function* linesOf(path: string, from: number, to: number): AsyncGenerator<readonly AuditLine[]> {
  const file = await open(path, 'r')
  try {
    const decoder = new StringDecoder('utf8')
    const block = Buffer.allocUnsafe(BLOCK)
    // What stands before the first line break is the rest of a line.
    let rest: string | undefined = from === 0 ? '' : undefined
    for (let at = from; at < to; ) {
      const { bytesRead } = await file.read(block, 0, Math.min(BLOCK, to - at), at)
      if (bytesRead === 0) return
      at += bytesRead
      const texts: string[] = ((rest ?? '') + decoder.write(block.subarray(0, bytesRead))).split('\n')
      const last: string = texts.pop() ?? ''
      if (rest === undefined) texts.shift()
      // A line of any length must not be kept: the trail writes none that is longer than a block.
      rest = last.length > BLOCK ? undefined : last
      yield texts.map(toLine).filter((line) => line !== undefined)
    }
  } finally {
    await file.close()
  }
}

/** What is no line of a trail is told of by the check, which says where. */
function toLine(text: string): AuditLine | undefined {
  try {
    const line = JSON.parse(text) as Partial<Record<string, unknown>> | null
    const { n, at, do: what } = line ?? {}
    const isLine = typeof n === 'number' && typeof at === 'string' && KINDS.includes(what as AuditLine['do'])
    return isLine ? (line as unknown as AuditLine) : undefined
  } catch {
    return undefined
  }
}

const KINDS: readonly AuditLine['do'][] = ['begin', 'event', 'did', 'more', 'lost', 'end']

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
