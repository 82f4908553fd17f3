import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

test.each([
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['5 m', 300_000],
  ['2h', 7_200_000],
  ['1.5h', 5_400_000],
  ['14d', 1_209_600_000],
  ['0s', 0],
  [1500, 1500],
  [0, 0],
])('a duration of %s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each([
  '',
  '30',
  's',
  '-5s',
  '+5s',
  '5S',
  '5M',
  '1e3s',
  '1h30m',
  ' 5s',
  '5s ',
  '5  s',
  '.5h',
  '5.s',
  '0x5s',
  'Infinitys',
  '5w',
  '999999999999d',
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test.each([
  [0, '0s'],
  [250, '250ms'],
  [1000, '1s'],
  [90_000, '90s'],
  [5_400_000, '90m'],
  [86_400_000, '1d'],
])('%d ms are written as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test('what is written is read as the same number', () => {
  fc.assert(fc.property(fc.nat({ max: 2 ** 40 - 1 }), (ms) => parseDuration(formatDuration(ms)) === ms))
})
