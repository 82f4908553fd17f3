import { describe, expect, test } from 'vitest'
import { probeReport, scanResult } from './samples.ts'
import { toProbeText, toScanText } from './terminal.ts'

const page = { width: 80, colour: false }

/** What a terminal would act upon instead of showing it. */
const active = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

describe('a scan as text', () => {
  const text = toScanText(scanResult, page)

  test('shows the worst first, each with place, source and remedy', () => {
    expect(
      [...text.matchAll(/^(critical|high|medium|low) +(\S+)/gm)].map(([, severity, name]) => [severity, name]),
    ).toEqual([
      ['critical', 'code-injection/eval'],
      ['high', 'csrf/state-change-on-get'],
      ['medium', 'open-redirect/from-request'],
      ['low', 'fingerprint/x-powered-by'],
    ])
    expect(text).toContain(`
low       fingerprint/x-powered-by
          Every answer names the framework.
          at    src/app.ts:3:13
                const app = express()
          fix   Call app.disable('x-powered-by').
`)
  })

  test('shows the way of the data', () => {
    expect(text).toContain(`
          from  src/routes/sign-in.ts:37:18 req.query.next
          to    src/routes/sign-in.ts:41:5 redirect
`)
  })

  test('lists what was not read and what was accepted, and counts at the end', () => {
    expect(text).toContain('Not read (1)\n  src/old/generated.bundle.js  larger than 1 MB\n')
    expect(text).toContain(
      'Accepted by comments (1)\n  src/admin.ts:5  csrf/state-change-on-get: only reachable from the office\n',
    )
    expect(text.trimEnd().split('\n').at(-1)).toBe(
      '4 findings (1 critical, 1 high, 1 medium, 1 low) in 34 files, 412 ms',
    )
  })

  test('says so when there is nothing', () => {
    expect(toScanText({ ...scanResult, findings: [], unparsed: [], ignored: [], unusedIgnores: [] }, page)).toBe(
      'No findings in 34 files, 412 ms\n',
    )
  })

  test('fits into 80 columns', () => {
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('shows escape sequences in scanned source instead of obeying them', () => {
    expect(text).not.toMatch(active)
    expect(text).toContain('\\u001b[2Jreturn eval(req.body.formula)\\u202e')
  })

  test('is coloured only when asked to be', () => {
    expect(toScanText(scanResult, { width: 80, colour: true })).toContain('\u001b[31mhigh    \u001b[0m')
  })
})

describe('a probe run as text', () => {
  const text = toProbeText(probeReport, page)

  test('joins the places of one attack, with a command that can be pasted', () => {
    expect(text).toContain(`high      csrf/cross-site-form
          A form on another site works
          A form on any website can submit this as the signed-in user.
          at    POST /transfer
                POST /profile
          see   curl -s -X POST -H 'Origin: https://evil.example' \\
                  -H 'Sec-Fetch-Site: cross-site' -H 'Cookie: [redacted]' \\
                  --data 'amount=1000&to=mallory' \\
                  'http://127.0.0.1:3000/transfer'
          fix   Plug Bulwark in: the policy's csrf is on by default.
`)
  })

  test('counts the places it does not list', () => {
    const [first] = probeReport.findings
    const findings = Array.from({ length: 8 }, () => first).filter((finding) => finding !== undefined)
    expect(toProbeText({ ...probeReport, findings }, page)).toContain('                and 3 more\n')
  })

  test('tells what could not be concluded and what was not tried, with the reasons', () => {
    expect(text).toContain('No conclusion (1)\n  xss/reflected  The honest twin of the attack did not work either.\n')
    expect(text).toContain('Not tried (1)\n  sign-in-throttle/many-guesses  No account is configured')
    expect(text).toContain('note  The sign-in did not work')
  })

  test('says a reason once when many share it', () => {
    const [first] = probeReport.results
    const results = ['a/one', 'b/two', 'c/three'].flatMap((probe) =>
      first ? [{ ...first, probe, verdict: 'skipped' as const, message: 'The target gave no answer.' }] : [],
    )
    const nothing = { ...probeReport, results, findings: [], totals: { ...probeReport.totals, proven: 0, skipped: 3 } }
    expect(toProbeText(nothing, page)).toContain(
      'Not tried (3)\n  The target gave no answer.\n    a/one, b/two, c/three\n',
    )
    expect(toProbeText(nothing, page)).toContain('Nothing can be said. 412 requests')
  })

  test('ends with the totals and the grade beside its coverage', () => {
    expect(text.trimEnd().split('\n').slice(-2)).toEqual([
      '1 attack got through in 2 places. 412 requests to http://127.0.0.1:3000, 12.3 s.',
      'Grade C    0 disproven, 1 proven, 1 inconclusive, 0 not applicable, 1 skipped',
    ])
  })

  test('fits into 80 columns', () => {
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('shows escape sequences in what the target sent instead of obeying them', () => {
    const results = probeReport.results.map((result) => ({
      ...result,
      message: `evil \u001b]0;title\u0007 ${result.message}`,
    }))
    const findings = probeReport.findings.map((finding) => ({
      ...finding,
      message: '\u009b2J',
      place: { method: 'GET', path: '/\u001b[31m' },
      evidence: { curl: "curl 'http://127.0.0.1/\u001b[2J'", request: '', response: '', repeats: 1 },
    }))
    expect(toProbeText({ ...probeReport, results, findings }, page)).not.toMatch(active)
  })
})
