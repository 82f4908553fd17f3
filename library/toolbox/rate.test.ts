import { expect, test } from 'vitest'
import { parseRate } from './rate.ts'

test.each([
  ['20/min', 20, 60_000],
  ['20 / minute', 20, 60_000],
  ['100/10s', 100, 10_000],
  ['5/15m', 5, 900_000],
  ['3/s', 3, 1000],
  ['1000/h', 1000, 3_600_000],
  ['10/day', 10, 86_400_000],
  ['1/500ms', 1, 500],
])('%s lets %d through in %d ms', (text, burst, period) => {
  expect(parseRate(text)).toEqual({ burst, period })
})

test.each([
  '',
  '20',
  '20/',
  '/min',
  '0/min',
  '5/0s',
  '-5/min',
  '1.5/s',
  '05/min',
  '5/week',
  '5/constructor',
  '5/toString',
  '5/min ',
  '5//s',
  '1e3/s',
  '5/10',
])('%j is no rate', (text) => {
  expect(parseRate(text)).toBeUndefined()
})
