import { describe, expect, test } from 'vitest'
import { parseArguments, type Settings } from './arguments.ts'
import { type Framework, type Scenario, type Stack, scenarios } from './cases.ts'
import { judge, type Machine, summarise, toJson, toText } from './report.ts'
import type { Sample } from './rounds.ts'

const machine: Machine = {
  node: '20.20.2',
  platform: 'linux x64',
  cpu: 'AMD EPYC 9754 128-Core Processor',
  cores: 2,
  pinned: { server: 0, load: 1 },
  busyBefore: 0.1,
  busyAfter: 1.9,
}
const settings = parseArguments(['--json', 'out.json']) as Settings

function samples(
  framework: Framework,
  stack: Stack,
  cpu: readonly number[],
  of: readonly Scenario[] = scenarios,
): Sample[] {
  return of.flatMap((scenario) =>
    cpu.map((one, round) => {
      return { framework, stack, scenario, round, cpu: one, requestsPerSecond: 1e6 / one, p50: 1.25, p99: 8.5 }
    }),
  )
}

const express = [
  ...samples('express', 'bare', [100, 90, 110]),
  ...samples('express', 'usual', [300, 310, 290]),
  ...samples('express', 'bulwark', [115, 99, 126]),
]
const node = [...samples('node', 'bare', [15, 16, 17]), ...samples('node', 'bulwark', [20, 22, 21])]

describe('the summary', () => {
  test('compares the lower quartiles, and each round with its own bare round', () => {
    const row = summarise(express).find((one) => one.stack === 'bulwark' && one.scenario === 'get-json')
    expect(row?.cpu).toEqual({ median: 115, low: 99, min: 99, max: 126, rounds: [115, 99, 126] })
    expect(row?.added).toEqual({ median: 15, low: 9, min: 9, max: 16, rounds: [15, 9, 16] })
    expect(row?.ofBare).toBeCloseTo(1.1)
    expect(row?.ofUsual).toBeCloseTo(0.045)
  })

  test('finds the bare round of the same number when rounds come in another order', () => {
    const row = summarise([...express].reverse()).find((one) => one.stack === 'bulwark' && one.scenario === 'get-json')
    expect(row?.added?.rounds).toEqual([15, 9, 16])
  })

  test('shares out nothing where the usual stack was not measured or adds nothing', () => {
    const free = [
      ...samples('fastify', 'bare', [20]),
      ...samples('fastify', 'usual', [20]),
      ...samples('fastify', 'bulwark', [21]),
    ]
    for (const row of summarise([...node, ...free])) expect(row.ofUsual).toBeUndefined()
  })

  test('adds nothing to nothing where the bare framework was not measured', () => {
    const [row] = summarise(samples('express', 'bulwark', [115]))
    expect([row?.added, row?.ofBare, row?.ofUsual]).toEqual([undefined, undefined, undefined])
  })
})

describe('the verdict', () => {
  test('is met at a tenth of what the usual stack adds', () => {
    expect(judge(summarise(express))).toEqual([
      { framework: 'express', met: true, text: 'met: adds 0.045 (JSON), 0.045 (HTML) of the usual; goal 0.100' },
    ])
  })

  test('is missed when one of the two anonymous GETs is dearer, whatever the POST does', () => {
    const dear = express.filter(({ stack, scenario }) => stack !== 'bulwark' || scenario === 'get-json')
    const html = [...dear, ...samples('express', 'bulwark', [125, 125, 125], ['get-html'])]
    expect(judge(summarise(html))).toMatchObject([
      { met: false, text: 'MISSED: adds 0.045 (JSON), 0.175 (HTML) of the usual; goal 0.100' },
    ])
    const slowPost = express.filter(({ stack, scenario }) => stack !== 'bulwark' || scenario !== 'post-json')
    expect(judge(summarise([...slowPost, ...samples('express', 'bulwark', [900], ['post-json'])]))).toMatchObject([
      { met: true },
    ])
  })

  test('is withheld where there is nothing to compare with', () => {
    expect(judge(summarise(node))).toEqual([
      {
        framework: 'node',
        met: undefined,
        text: 'not judged (no usual stack); adds 5.0 us (JSON), 5.0 us (HTML)',
      },
    ])
    expect(judge(summarise(samples('express', 'bare', [100])))).toMatchObject([
      { met: undefined, text: /not measured/ },
    ])
  })
})

describe('the text', () => {
  const rows = summarise([...express, ...node])
  const text = toText(rows, judge(rows), machine, settings)

  test('fits into 80 columns, also with long numbers', () => {
    const long = summarise([
      ...samples('express', 'bare', [1000.123]),
      ...samples('express', 'usual', [9999.9, 1000.1]),
    ])
    const both = `${text}\n${toText(long, judge(long), machine, settings)}`
    expect(both.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('says for each stack what it costs, what it adds, and what share that is', () => {
    expect(text).toContain('  bare          90.0 (90.0-110.0)        -    1.00        -  10,000  1.25   8.50')
    expect(text).toContain('  Bulwark       99.0 (99.0-126.0)      9.0    1.10    0.045   8,696  1.25   8.50')
    expect(text).toContain('Express 5   met: adds 0.045')
  })

  test('keeps its columns apart', () => {
    const lines = text.split('\n').filter((line) => line.startsWith('  '))
    expect(lines.map((line) => line.trim().split(/\s+/).length)).toEqual(lines.map(() => 9))
  })

  test('warns when the machine was busy before the run', () => {
    expect(text).not.toContain('mean little')
    expect(toText(rows, judge(rows), { ...machine, busyBefore: 1.5 }, settings)).toContain('mean little')
  })

  test('warns when the bare framework did not cost the same in each round', () => {
    const uneven = summarise(samples('express', 'bare', [100, 151]))
    expect(toText(uneven, judge(uneven), machine, settings)).toContain('mean little')
  })
})

test('the JSON holds the machine, every row with its rounds, and the verdicts', () => {
  const rows = summarise(express)
  const report = JSON.parse(toJson(rows, judge(rows), machine, settings))
  expect(report.machine).toEqual(machine)
  expect(report.quiet).toBe(true)
  expect(JSON.parse(toJson(rows, [], { ...machine, busyBefore: 1.5 }, settings)).quiet).toBe(false)
  expect(report.rows).toHaveLength(9)
  expect(report.rows[2]).toMatchObject({ stack: 'bulwark', scenario: 'get-json', cpu: { rounds: [115, 99, 126] } })
  expect(report.verdicts).toMatchObject([{ framework: 'express', met: true }])
  expect(report.settings).toMatchObject({ rounds: 5, connections: 8 })
  expect(report.settings).not.toHaveProperty('json')
})
