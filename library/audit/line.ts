import { createHmac } from 'node:crypto'
import type { EventOutcome } from '../core/event.ts'

/** What every line says. `n` counts from 0 in each file, `at` is ISO 8601 by the clock of the process. */
interface Common {
  readonly n: number
  readonly at: string
}

/** The first line of a file: who writes it, and how the other files in the folder ended at that time. */
export interface BeginLine extends Common {
  readonly do: 'begin'
  readonly app: string
  readonly pid: number
  /** The key of the ring that the seals follow from. */
  readonly key: string
  /** The seal of the last line of each file that was there, by its name. */
  readonly others: Readonly<Record<string, string>>
}

/** An event of a guard or sink. */
export interface EventLine extends Common {
  readonly do: 'event'
  readonly outcome: EventOutcome
  readonly guard: string
  readonly risk: string
  readonly reason: string
  readonly incident?: string
  readonly method?: string
  /** **Security**: the client wrote it. */
  readonly path?: string
  readonly ip?: string
  readonly user?: string
  /** The kind of error that was thrown, never its message: that may hold what clients or databases said. */
  readonly error?: string
}

/** What the app says that somebody did. */
export interface DidLine extends Common {
  readonly do: 'did'
  readonly action: string
  readonly by?: string
  readonly on?: string
  readonly details?: Readonly<Record<string, string | number | boolean | null>>
  readonly incident?: string
  readonly ip?: string
}

/** So many more events of a kind in the minute that ended, which have no line of their own. */
export interface MoreLine extends Common {
  readonly do: 'more'
  readonly outcome: EventOutcome
  readonly guard: string
  readonly risk: string
  readonly many: number
}

/** So many entries are missing here: the disk took none of them in time. */
export interface LostLine extends Common {
  readonly do: 'lost'
  readonly many: number
}

/** The last line of a file that was closed, and not left behind by a process that was killed. */
export interface EndLine extends Common {
  readonly do: 'end'
}

export type AuditLine = BeginLine | EventLine | DidLine | MoreLine | LostLine | EndLine

/** A line before it has its place. */
export type Unplaced<L = AuditLine> = L extends AuditLine ? Omit<L, 'n'> : never

/** What the keys of the seals are for. */
export const PURPOSE = 'audit trail'

/** How the name of a file ends. Names begin with a time, so that they sort by age. */
export const ENDING = '.audit.ndjson'

/** A line as it stands in the file, without the line break. `before` is the seal of the line before it, `''` for the first. */
export function sealLine(
  line: AuditLine,
  before: string,
  key: Uint8Array,
): { readonly text: string; readonly seal: string } {
  const body = JSON.stringify(line)
  const seal = sealOf(body, before, key)
  return { text: `${body.slice(0, -1)},"seal":"${seal}"}`, seal }
}

/** What {@link sealLine} has put together, taken apart. `undefined` for anything else. */
export function openLine(
  text: string,
): { readonly line: AuditLine; readonly body: string; readonly seal: string } | undefined {
  const at = text.lastIndexOf(',"seal":"')
  const seal = /^,"seal":"([\w-]{43})"\}$/.exec(text.slice(at))?.[1]
  if (at < 1 || seal === undefined) return undefined
  const body = `${text.slice(0, at)}}`
  try {
    const line: unknown = JSON.parse(body)
    return isLine(line) ? { line, body, seal } : undefined
  } catch {
    return undefined
  }
}

/**
 * The seal of a line: it follows from the line, from every line before it, and from a key.
 *
 * **Security**: HMAC-SHA-256 (RFC 2104). Whoever has the key can write another past; whoever only has the files cannot.
 */
export function sealOf(body: string, before: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(before).update('\n').update(body).digest('base64url')
}

function isLine(line: unknown): line is AuditLine {
  if (typeof line !== 'object' || line === null) return false
  const { n, at, do: what } = line as Partial<AuditLine>
  return Number.isInteger(n) && typeof at === 'string' && typeof what === 'string'
}
