import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatSize, parseSize } from './size.ts'

test.each([
  ['512', 512],
  ['512b', 512],
  ['10kb', 10_240],
  ['10KB', 10_240],
  ['10 kb', 10_240],
  ['1mb', 1_048_576],
  ['1.5mb', 1_572_864],
  ['2gb', 2_147_483_648],
  ['0', 0],
  [4096, 4096],
])('a size of %s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test.each([
  '',
  'kb',
  '-1kb',
  '1tb',
  '1 0',
  '1e3',
  ' 1kb',
  '1kb ',
  '0x10',
  'NaN',
  '999999999999999gb',
  Number.NaN,
  -1,
  1.5,
  Number.POSITIVE_INFINITY,
])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined()
})

test.each([
  [0, '0'],
  [512, '512'],
  [10_240, '10kb'],
  [1_048_576, '1mb'],
  [1_048_577, '1048577'],
])('%d bytes are written as %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})

test('what is written is read as the same number', () => {
  fc.assert(fc.property(fc.nat({ max: 2 ** 45 }), (bytes) => parseSize(formatSize(bytes)) === bytes))
})
