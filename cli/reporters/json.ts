import type { ProbeReport, ScanResult } from '../io.ts'

/** The form of the documents below. It grows when a key changes its meaning or goes away, not when one is added. */
const FORM = 1

interface Author {
  readonly version: string
}

/** The scanner's result for programs: `{ form, tool, version, ...result }`. */
export function toScanJson(result: ScanResult, { version }: Author): string {
  return `${JSON.stringify({ form: FORM, tool: 'bulwark scan', version, ...result }, undefined, 2)}\n`
}

/** The prober's report for programs, without the raw answers behind each outcome: the evidence carries what matters, redacted. */
export function toProbeJson(report: ProbeReport, { version }: Author): string {
  const results = report.results.map(({ outcomes, ...result }) => ({
    ...result,
    outcomes: outcomes.map(({ answer: _, ...outcome }) => outcome),
  }))
  return `${JSON.stringify({ form: FORM, tool: 'bulwark probe', version, ...report, results }, undefined, 2)}\n`
}
