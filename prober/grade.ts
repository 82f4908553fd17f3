import type { ProbeVerdict } from '../library/core/probe.ts'
import type { Severity } from '../library/core/risk.ts'
import type { ProbeResult } from './report.ts'

/** How well the target withstood the attacks that ran, and how many that were. */
export interface Grade {
  /** From `A+` to `F`; `?` when no attack could be carried through. */
  readonly letter: string
  /** 0 to 100. */
  readonly score: number
  /** Such as `41 disproven, 0 proven, 4 inconclusive, 7 not applicable, 0 skipped`. */
  readonly coverage: string
}

const COST: Readonly<Record<Severity, number>> = { critical: 40, high: 20, medium: 8, low: 3 }

// The steps of the grading scale that HTTP Observatory made known, so that the letter means what people expect.
const STEPS: readonly (readonly [number, string])[] = [
  [100, 'A+'],
  [90, 'A'],
  [85, 'A-'],
  [80, 'B+'],
  [70, 'B'],
  [65, 'B-'],
  [60, 'C+'],
  [50, 'C'],
  [45, 'C-'],
  [40, 'D+'],
  [30, 'D'],
  [25, 'D-'],
  [0, 'F'],
]

/** A single proven hole of this severity keeps the grade from being better than this, however much else held. */
const CAP: Readonly<Record<Severity, number>> = { critical: 0, high: 59, medium: 84, low: 99 }

/**
 * Grades a run: 100, less what each probe that got through costs (critical 40, high 20, medium 8, low 3; once each), with a cap by
 * the worst of them (critical F, high C, medium B+). `A+` also needs nine of ten applicable probes to have come to a conclusion.
 */
export function gradeOf(results: readonly ProbeResult[], totals: Readonly<Record<ProbeVerdict, number>>): Grade {
  const coverage =
    `${totals.disproven} disproven, ${totals.proven} proven, ${totals.inconclusive} inconclusive, ` +
    `${totals['not-applicable']} not applicable, ${totals.skipped} skipped`
  const conclusive = totals.proven + totals.disproven
  if (conclusive === 0) return { letter: '?', score: 0, coverage }
  let score = 100
  let cap = conclusive >= (conclusive + totals.inconclusive) * 0.9 ? 100 : 99
  for (const result of results) {
    if (result.verdict !== 'proven') continue
    score -= COST[result.severity]
    cap = Math.min(cap, CAP[result.severity])
  }
  score = Math.max(0, Math.min(score, cap))
  return { letter: letterOf(score), score, coverage }
}

function letterOf(score: number): string {
  const floored = Math.floor(score / 5) * 5
  return (STEPS.find(([least]) => floored >= least) ?? STEPS[STEPS.length - 1]!)[1]
}
