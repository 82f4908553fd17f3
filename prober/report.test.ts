import { describe, expect, test } from 'vitest'
import type { ProbeVerdict } from '../library/core/probe.ts'
import type { Severity } from '../library/core/risk.ts'
import { gradeOf } from './grade.ts'
import { anOutcome } from './lab.ts'
import { exitCodeOf, findingsOf, type ProbeResult, totalsOf } from './report.ts'

const result = (verdict: ProbeVerdict, severity: Severity = 'medium'): ProbeResult => ({
  probe: 'a/b',
  risk: 'a',
  title: 'A',
  severity,
  kind: 'active',
  verdict,
  outcomes: [anOutcome(verdict)],
  message: 'm',
  remedy: 'r',
  ms: 1,
  requests: 1,
})

const many = (count: number, verdict: ProbeVerdict, severity?: Severity): ProbeResult[] =>
  Array.from({ length: count }, () => result(verdict, severity))

const grade = (...results: ProbeResult[]): string => {
  const { letter, score } = gradeOf(results, totalsOf(results))
  return `${letter} ${score}`
}

describe('the grade', () => {
  test('is A+ only when nothing got through and nearly everything came to a conclusion', () => {
    expect(grade(...many(9, 'disproven'), result('inconclusive'))).toBe('A+ 100')
    expect(grade(...many(8, 'disproven'), ...many(2, 'inconclusive'))).toBe('A 99')
  })

  test.each<[string, ProbeResult[]]>([
    ['A 97', many(1, 'proven', 'low')],
    ['B+ 84', many(1, 'proven', 'medium')],
    ['B+ 84', many(2, 'proven', 'medium')],
    ['B 76', many(3, 'proven', 'medium')],
    ['C 59', many(1, 'proven', 'high')],
    ['D+ 40', many(3, 'proven', 'high')],
    ['F 20', many(4, 'proven', 'high')],
    ['F 0', many(1, 'proven', 'critical')],
    ['C 52', [...many(2, 'proven', 'high'), ...many(1, 'proven', 'medium')]],
  ])('is %s', (expected, results) => {
    expect(grade(...results, ...many(20, 'disproven'))).toBe(expected)
  })

  test('is unknown when no attack could be carried through', () => {
    expect(grade(result('inconclusive'), result('skipped'))).toBe('? 0')
  })

  test('says how much it rests on', () => {
    const results = [
      ...many(2, 'disproven'),
      result('proven'),
      result('inconclusive'),
      result('not-applicable'),
      result('skipped'),
    ]
    expect(gradeOf(results, totalsOf(results)).coverage).toBe(
      '2 disproven, 1 proven, 1 inconclusive, 1 not applicable, 1 skipped',
    )
  })
})

describe('the exit code', () => {
  const code = (results: ProbeResult[], failOn: Severity = 'high', why?: 'target' | 'signal' | 'budget'): number => {
    const report = { findings: findingsOf(results), totals: totalsOf(results) }
    return exitCodeOf(why ? { ...report, stopped: { why, message: 'x' } } : report, failOn)
  }

  test('is 1 when something at or above the threshold was proven, whatever else happened', () => {
    expect(code([result('proven', 'high')])).toBe(1)
    expect(code([result('proven', 'critical')], 'high', 'target')).toBe(1)
    expect(code([result('proven', 'low')], 'low')).toBe(1)
  })

  test('is 0 when all that got through is below it', () => {
    expect(code([result('proven', 'medium'), ...many(3, 'disproven')])).toBe(0)
    expect(code(many(3, 'not-applicable'))).toBe(0)
  })

  test('is 3 when the run says too little', () => {
    expect(code([...many(4, 'disproven'), result('inconclusive')])).toBe(0)
    expect(code([...many(3, 'disproven'), result('inconclusive')])).toBe(3)
    for (const why of ['target', 'signal', 'budget'] as const) expect(code(many(9, 'disproven'), 'high', why)).toBe(3)
  })
})

test('every place that fell is a finding of its own', () => {
  const evidence = { curl: 'c', request: 'q', response: 'p', repeats: 2 }
  const outcomes = [
    anOutcome('proven', { path: '/a', evidence }),
    anOutcome('disproven'),
    anOutcome('proven', { path: '/b' }),
  ]
  const findings = findingsOf([{ ...result('proven', 'high'), outcomes }])
  expect(findings.map((finding) => [finding.foundBy, finding.severity, finding.place, finding.evidence])).toEqual([
    ['a/b', 'high', { method: 'GET', path: '/a' }, evidence],
    ['a/b', 'high', { method: 'GET', path: '/b' }, undefined],
  ])
})
