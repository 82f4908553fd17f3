/** What one run of tests came to. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 }

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests?: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/**
 * Counts a run by its exit code and its JSON report (`undefined` when there is none).
 * A run that crashed, a file that could not be loaded, an error outside of every test and a run without tests are failures.
 */
export function countsOf(code: number, json: string | undefined): Counts {
  const report = json === undefined ? undefined : parseReport(json)
  if (!report) return { passed: 0, failed: 1, skipped: 0 }
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
  )
  let failed = report.numFailedTests + broken.length
  if (failed === 0 && (code !== 0 || report.numPassedTests === 0)) failed = 1
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + (report.numTodoTests ?? 0) }
}

export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (total, one) => ({
      passed: total.passed + one.passed,
      failed: total.failed + one.failed,
      skipped: total.skipped + one.skipped,
    }),
    NOTHING,
  )
}

/** `12 passed, 0 failed`, and the skipped ones where there are some. */
export function lastLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function parseReport(json: string): Report | undefined {
  try {
    const report = JSON.parse(json) as Partial<Report>
    return typeof report.numPassedTests === 'number' && Array.isArray(report.testResults)
      ? (report as Report)
      : undefined
  } catch {
    // Half a report is what a crash leaves behind: it counts as none.
    return undefined
  }
}
