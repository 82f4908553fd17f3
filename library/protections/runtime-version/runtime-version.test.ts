import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { scanText } from '../../../scanner/index.ts'
import { setup } from '../../testing/exchange.ts'
import { runtimeVersion } from './guard.ts'
import { majorsOf } from './range.ts'
import { hasEnded, judgeVersion, TABLE_DATE } from './releases.ts'
import { risks } from './risks.ts'
import { rules } from './rule.ts'

// No request tells from outside which Node.js answers, so there is nothing to attack here.
prove('runtime-version', {})

const real = Object.getOwnPropertyDescriptor(process, 'version')!
const IN_TIME = Date.parse('2026-09-01')

function pretend(version: string): void {
  Object.defineProperty(process, 'version', { ...real, value: version })
}

let clock = IN_TIME
beforeEach(() => {
  clock = IN_TIME
})
afterEach(() => Object.defineProperty(process, 'version', real))

const versions: readonly [string, string, RegExp | undefined][] = [
  ['v22.23.2', '2026-09-01', undefined],
  ['v22.23.10', '2026-09-01', undefined],
  ['v22.24.0', '2026-09-01', undefined],
  ['v22.23.1', '2026-09-01', /22\.23\.2 or newer/],
  ['v22.9.9', '2026-09-01', /22\.23\.2 or newer/],
  ['v22.23.2', '2027-04-29', undefined],
  ['v22.23.2', '2027-04-30', /Node\.js 26 or newer/],
  ['v24.18.1', '2026-09-01', undefined],
  ['v24.2.0', '2026-09-01', /24\.18\.1 or newer/],
  ['v20.20.2', '2026-04-29', undefined],
  ['v20.20.1', '2026-04-29', /20\.20\.2 or newer/],
  ['v20.99.0', '2026-04-30', /Node\.js 26 or newer/],
  ['v25.9.0', '2026-09-01', /Node\.js 26 or newer/],
  ['v18.20.8', '2026-09-01', /Node\.js 26 or newer/],
  ['v16.20.2', '2020-01-01', /Node\.js 26 or newer/],
  ['v0.12.18', '2026-09-01', /Node\.js 26 or newer/],
  ['v27.0.0', '2026-09-01', undefined],
  ['v28.1.0-nightly2026', '2030-01-01', undefined],
  ['v26.3.1-rc.1', '2026-09-01', undefined],
  ['unknown', '2026-09-01', undefined],
  ['', '2026-09-01', undefined],
]
test.each(versions)('%s on %s', (version, day, fix) => {
  const outdated = judgeVersion(version, Date.parse(day))
  if (fix === undefined) expect(outdated).toBeUndefined()
  else expect(outdated?.fix).toMatch(fix)
})

test('the table holds no floor that it would itself call outdated while its line lives', () => {
  const date = Date.parse(TABLE_DATE)
  const living = [18, 19, 20, 21, 22, 23, 24, 25, 26].filter((major) => !hasEnded(major, date))
  expect(living).toEqual([22, 24, 26])
  for (const major of living) {
    const fix = judgeVersion(`v${major}.0.0`, date)?.fix ?? ''
    const floor = /\d+\.\d+\.\d+/.exec(fix)?.[0] ?? ''
    expect(judgeVersion(floor, date), floor).toBeUndefined()
  }
})

test('it is said at start-up, once per process', () => {
  pretend('v22.1.7')
  const facts = [setup({ now: () => clock }), setup({ now: () => clock })]
  for (const each of facts) runtimeVersion({}, each)
  expect(facts.map(({ reports }) => reports.length)).toEqual([1, 0])
  expect(facts[0]!.reports[0]).toMatchObject({
    guard: 'runtime-version',
    risk: risks[0]!.id,
    fix: expect.stringContaining('22.23.2') as string,
  })
})

test('a current version is not worth a word', () => {
  pretend('v24.99.0')
  const facts = setup({ now: () => clock })
  runtimeVersion({ refuse: true }, facts)
  expect(facts.reports).toEqual([])
})

test('the app does not start where the policy refuses', () => {
  pretend('v22.2.0')
  expect(() => runtimeVersion({ refuse: true }, setup({ now: () => clock }))).toThrow(/BULWARK_RUNTIME_VULNERABLE/)
  pretend('v20.20.2')
  expect(() => runtimeVersion({ refuse: true }, setup({ now: () => clock }))).toThrow(/no security fixes/)
  clock = Date.parse('2026-04-29')
  expect(runtimeVersion({ refuse: true }, setup({ now: () => clock })).name).toBe('runtime-version')
})

test('a policy that only observes starts, and says so', () => {
  pretend('v22.3.0')
  const facts = setup({ now: () => clock, mode: 'observe' })
  runtimeVersion({ refuse: true }, facts)
  expect(facts.reports).toHaveLength(1)
})

const INF = Number.POSITIVE_INFINITY
const ranges: readonly [string, readonly (readonly [number, number])[] | undefined][] = [
  ['20', [[20, 20]]],
  ['20.x', [[20, 20]]],
  ['v20.1.2', [[20, 20]]],
  [
    '^18.0.0 || ^20.0.0',
    [
      [18, 18],
      [20, 20],
    ],
  ],
  ['~18.2', [[18, 18]]],
  ['>=18', [[18, INF]]],
  ['>= 18.0.0 < 21', [[18, 20]]],
  ['>=18 <21.5', [[18, 21]]],
  ['>=18.0.0, <=20.0.0', [[18, 20]]],
  ['>18', [[19, INF]]],
  ['>18.1', [[18, INF]]],
  ['16 - 20', [[16, 20]]],
  ['*', [[0, INF]]],
  ['', [[0, INF]]],
  ['18.0.0-rc.1', [[18, 18]]],
  ['lts/*', undefined],
  ['file:../node', undefined],
]
test.each(ranges)('the range %j is read', (range, majors) => {
  expect(majorsOf(range)).toEqual(majors)
})

const engines: readonly [string, 'spotted' | 'fine'][] = [
  ['20', 'spotted'],
  ['^16.13.0 || ^18', 'spotted'],
  ['>=14 <21', 'spotted'],
  ['25', 'spotted'],
  ['^20.19.0 || >=22.12.0', 'fine'],
  ['>=16', 'fine'],
  ['22', 'fine'],
  ['18 - 22', 'fine'],
  ['30', 'fine'],
  ['lts/*', 'fine'],
  ['*', 'fine'],
]
test.each(engines)('an app that asks for %j is %s', (range, verdict) => {
  const text = readFileSync(new URL('fixtures/app.js', import.meta.url), 'utf8')
  const marked = text.split('\n').findIndex((line) => line.includes(`// spots: ${rules[0]!.name}`)) + 1
  const manifest = JSON.stringify({ name: 'shop', engines: { node: range } })
  const { findings } = scanText('src/app.js', text, rules, { files: new Map([['package.json', manifest]]), risks })
  const lines = findings.map(({ place, severity }) => ['line' in place && place.line, severity])
  expect(lines).toEqual(verdict === 'spotted' ? [[marked, 'high']] : [])
})

test.each([{}, { engines: 'node 20' }, { engines: { npm: '8' } }, { engines: { node: 20 } }])(
  'a manifest without a range says nothing: %j',
  (manifest) => {
    const files = new Map([['package.json', JSON.stringify(manifest)]])
    expect(scanText('app.js', "import e from 'express'\ne()", rules, { files }).findings).toEqual([])
  },
)
