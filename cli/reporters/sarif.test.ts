import { describe, expect, test } from 'vitest'
import { probeReport, scanResult } from './samples.ts'
import { toSarif } from './sarif.ts'

interface Sarif {
  readonly runs: readonly {
    readonly tool: {
      readonly driver: { readonly rules: readonly { readonly id: string; readonly properties: object }[] }
    }
    readonly results: readonly {
      readonly ruleId: string
      readonly ruleIndex: number
      readonly level: string
      readonly message: { readonly text: string; readonly markdown: string }
      readonly locations: readonly [
        { readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } } },
      ]
      readonly codeFlows?: readonly [{ readonly threadFlows: readonly [{ readonly locations: readonly object[] }] }]
      readonly partialFingerprints: Readonly<Record<string, string>>
    }[]
  }[]
}

const author = { tool: 'bulwark scan', version: '1.2.3', within: '', otherwise: 'package.json' } as const
const sarifOf = (...[findings, more = {}]: [typeof scanResult.findings, object?]): Sarif['runs'][number] =>
  (JSON.parse(toSarif(findings, { ...author, ...more })) as Sarif).runs[0]!

describe('a scan as SARIF', () => {
  const { tool, results } = sarifOf(scanResult.findings)

  test('names each rule once, with its weakness and how grave it is', () => {
    expect(tool.driver.rules.map(({ id }) => id)).toEqual([...new Set(results.map(({ ruleId }) => ruleId))].sort())
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId)
    expect(tool.driver.rules.find(({ id }) => id === 'open-redirect/from-request')?.properties).toEqual({
      ...{ tags: ['security', 'external/cwe/cwe-601'], 'security-severity': '5.5', precision: 'high' },
    })
    expect(results.map(({ level }) => level)).toEqual(['warning', 'error', 'error', 'note'])
  })

  test('shows the whole flow, and each place by a path that begins at the repository', () => {
    expect(results[0]?.codeFlows?.[0].threadFlows[0].locations).toHaveLength(2)
    expect(results[1]?.codeFlows).toBeUndefined()
    expect(results[0]?.locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: 'src/routes/sign-in.ts', uriBaseId: '%SRCROOT%' },
      region: { startLine: 41, startColumn: 5, snippet: { text: 'res.redirect(next)' } },
    })
    const [first] = scanResult.findings
    const odd = { ...first!, place: { ...first!.place, file: 'a b\\ü#.ts' } }
    expect(sarifOf([odd], { within: 'apps/shop' }).results[0]?.locations[0].physicalLocation.artifactLocation.uri).toBe(
      'apps/shop/a%20b/%C3%BC%23.ts',
    )
  })

  test('a finding is the same one when its line moves, and another one for another line or a second of its kind', () => {
    const print = (...findings: (typeof scanResult.findings)[number][]): (string | undefined)[] =>
      sarifOf(findings).results.map(({ partialFingerprints }) => partialFingerprints['bulwark/v1'])
    const first = scanResult.findings[0]!
    const moved = { ...first, place: { ...first.place, line: 99, text: '  res.redirect(next)' } }
    const other = { ...first, place: { ...first.place, text: 'res.redirect(other)' } }
    expect(print(moved)).toEqual(print(first))
    expect(print(other)).not.toEqual(print(first))
    expect(new Set(print(first, first)).size).toBe(2)
  })
})

test('what a probe proved stands where it was told to, names its request, and cannot leave its fence', () => {
  const finding = probeReport.findings[0]!
  const nasty = { ...finding, evidence: { ...finding.evidence!, curl: 'curl x ``` # <b>' } }
  const { results } = sarifOf([nasty], { tool: 'bulwark probe', otherwise: 'bulwark.probe.json' })
  expect(results[0]).toMatchObject({
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: 'bulwark.probe.json' }, region: { startLine: 1 } },
        logicalLocations: [{ kind: 'resource' }],
      },
    ],
  })
  expect(results[0]?.message.markdown).toContain('````sh\ncurl x ``` # <b>\n````')
})

test('nothing found is a document too', () => {
  expect(sarifOf([]).results).toEqual([])
})
