import type { ProbeReport, ScanResult } from '../io.ts'

/** The form of every document for programs. It grows when a key changes its meaning or goes away, not when one is added. */
const FORM = 1

interface Author {
  readonly version: string
}

/**
 * What `--json` prints: `{ form, tool, version, ...body }`, and a line break. Times in it are texts of ISO 8601 in UTC (`toTime()`),
 * lengths of time are numbers of milliseconds.
 */
export function toJson(tool: string, body: object, author: Author): string {
  return `${JSON.stringify(documentOf(tool, body, author), undefined, 2)}\n`
}

/** The same on one line, for what has no end. */
export function toJsonLine(tool: string, body: object, author: Author): string {
  return `${JSON.stringify(documentOf(tool, body, author))}\n`
}

/** Milliseconds since the epoch, as programs read them everywhere else. */
export function toTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** The scanner's result for programs. */
export function toScanJson(result: ScanResult, author: Author): string {
  return toJson('scan', result, author)
}

/** The prober's report for programs, without the raw answers behind each outcome: the evidence carries what matters, redacted. */
export function toProbeJson(report: ProbeReport, author: Author): string {
  const results = report.results.map(({ outcomes, ...result }) => ({
    ...result,
    outcomes: outcomes.map(({ answer: _, ...outcome }) => outcome),
  }))
  return toJson('probe', { ...report, started: toTime(report.started), results }, author)
}

function documentOf(tool: string, body: object, { version }: Author): object {
  return { form: FORM, tool: `bulwark ${tool}`, version, ...body }
}
