import { expect, test } from 'vitest'
import { countsOf, lastLine, sum } from './counts.ts'

const report = (passed: number, failed: number, pending: number, files: [string, string[]][] = []): string =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    numTodoTests: 0,
    testResults: files.map(([status, tests]) => ({ status, assertionResults: tests.map((one) => ({ status: one })) })),
  })

test.each([
  ['all pass', 0, report(5, 0, 0), { passed: 5, failed: 0, skipped: 0 }],
  ['some are skipped', 0, report(5, 0, 2), { passed: 5, failed: 0, skipped: 2 }],
  ['some fail', 1, report(4, 1, 0, [['failed', ['passed', 'failed']]]), { passed: 4, failed: 1, skipped: 0 }],
  ['a file could not be loaded', 1, report(4, 0, 0, [['failed', []]]), { passed: 4, failed: 1, skipped: 0 }],
  [
    'a file could not be loaded and a test fails',
    1,
    report(4, 1, 0, [
      ['failed', []],
      ['failed', ['failed']],
    ]),
    { passed: 4, failed: 2, skipped: 0 },
  ],
  ['an error outside of every test', 1, report(5, 0, 0), { passed: 5, failed: 1, skipped: 0 }],
  ['no test ran', 0, report(0, 0, 0), { passed: 0, failed: 1, skipped: 0 }],
  ['only skipped ones', 0, report(0, 0, 3), { passed: 0, failed: 1, skipped: 3 }],
  ['no report', 0, undefined, { passed: 0, failed: 1, skipped: 0 }],
  ['half a report', 139, '{"numPassedTests": 5, "testRes', { passed: 0, failed: 1, skipped: 0 }],
  ['a report of something else', 0, '[]', { passed: 0, failed: 1, skipped: 0 }],
])('%s', (_, code, json, counts) => {
  expect(countsOf(code, json)).toEqual(counts)
})

test('the last line names skipped tests only where there are some', () => {
  expect(lastLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
  expect(
    lastLine(
      sum([
        { passed: 3, failed: 1, skipped: 0 },
        { passed: 1, failed: 0, skipped: 2 },
      ]),
    ),
  ).toBe('4 passed, 1 failed, 2 skipped')
})
