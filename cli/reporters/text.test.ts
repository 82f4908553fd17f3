import { describe, expect, test } from 'vitest'
import { breakCommand, clean, duration, wrap } from './text.ts'

test('wrapping breaks at spaces and keeps words that are too long', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrap('a very-long-word b', 5)).toEqual(['a', 'very-long-word', 'b'])
  expect(wrap('', 5)).toEqual([''])
})

test.each([
  ['\u001b[31mred', '\\u001b[31mred'],
  ['a\tb', 'a  b'],
  ['a\r\nb', 'a\nb'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
  ['\u009b2J', '\\u009b2J'],
  ['naïve 🙂', 'naïve 🙂'],
])('%j is shown as %j', (text, shown) => {
  expect(clean(text)).toBe(shown)
})

describe('a command on several lines', () => {
  test('breaks between options, never inside quotes', () => {
    expect(breakCommand("curl -H 'A: long value here' --data 'x y z' 'http://127.0.0.1/'", 34)).toEqual([
      "curl -H 'A: long value here' \\",
      "  --data 'x y z' \\",
      "  'http://127.0.0.1/'",
    ])
  })

  test("keeps a shell's quoted quote together", () => {
    expect(breakCommand("curl -d 'it'\\''s a b' url", 14)).toEqual(['curl \\', "  -d 'it'\\''s a b' \\", '  url'])
  })

  test('stays on one line when it fits', () => {
    expect(breakCommand('curl -s http://127.0.0.1/', 80)).toEqual(['curl -s http://127.0.0.1/'])
  })
})

test('durations are short', () => {
  expect([duration(3.2), duration(999), duration(12_345)]).toEqual(['3 ms', '999 ms', '12.3 s'])
})
