import { expect, test } from 'vitest'
import { fromText, toText } from './storable-text.ts'

test('storable text is different for different strings, and turns back into them', () => {
  const texts = ['', 'a', '\0', 'a\0b', '\u0001', '\u0001"a"', '\ud83d', '\ude00', '\u{1f600}', '\ufffd', '"', '\\']
  const stored = texts.map(toText)
  expect(new Set(stored).size).toBe(texts.length)
  expect(stored.map(fromText)).toEqual(texts)
  for (const text of stored) expect(text.includes('\0')).toBe(false)
})
