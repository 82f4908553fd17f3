import { describe, expect, test } from 'vitest'
import { growthOf, isUnambiguous } from './judge.ts'

const EXPONENTIAL: readonly RegExp[] = [
  /(a+)+$/,
  /^(\w+\s?)*$/,
  /(\w|\d)*$/,
  /(a|aa)+$/,
  /(a*)*b/,
  /(x+x+)+y/,
  /((ab)*)*c/,
  /^(?:\d+|[a-z]+)*$/,
  /(\s*,\s*)*$/,
  /(?:(a?|b?)c)*$/,
  /^(a|A)*$/i,
  /^(?:[à-ö]|É)*$/i,
  /^(\w+\s?){1,50}$/,
  /^(?:ab|a|b)*$/,
  /^(?:[\d\s]|1)*$/,
  /(?=(?:a+)+b)c/,
  /(?:(?:a+)+b){2}/,
  /'((.|\s)*?)'?$/,
  /^([a-z0-9_.-])+@(([a-z0-9-])+.)+([a-z0-9]{2,4})+$/i,
]
const POLYNOMIAL: readonly RegExp[] = [/^\s*,?\s*$/, /a*a*b/, /^\w+\d*!/, /^[\s\S]*\s*;/]
const LINEAR: readonly RegExp[] = [
  // Nothing behind it can fail.
  /(a+)+/,
  /(a+)+[\s\S]*$/,
  /(?:(a+)+|b)/,
  /^(\w+\.)+\w+$/,
  /"(?:[^"\\]|\\.)*"/,
  /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/i,
  /^[\w.]+(?:\s+(?:asc|desc))?(?:\s*,\s*[\w.]+(?:\s+(?:asc|desc))?)*$/i,
  /^(\d{1,3}\.){3}\d{1,3}$/,
  /^(\w+):\s*(.*)$/,
  /([^,]+,)*x/,
  /<!--(?:-?[^>-])*-->/,
  /^(?:k|\u212a)*$/i,
  // Not judged.
  /(?:\b\w+\b\s*)+$/,
  /^(?:\p{L}|\p{N})*$/u,
]

describe('the growth of', () => {
  test.each(EXPONENTIAL)('%s is exponential', (pattern) =>
    expect(growthOf(pattern.source, pattern.flags)).toBe('exponential'),
  )
  test.each(POLYNOMIAL)('%s is polynomial', (pattern) =>
    expect(growthOf(pattern.source, pattern.flags)).toBe('polynomial'),
  )
  test.each(LINEAR)('%s is not', (pattern) => expect(growthOf(pattern.source, pattern.flags)).toBe('linear'))
})

describe('what is certain to match in one way only', () => {
  test.each([...EXPONENTIAL, ...POLYNOMIAL])('is not %s', (pattern) => {
    expect(isUnambiguous(pattern.source, pattern.flags)).toBe(false)
  })
  test.each([
    [/^[\b]+\t\x41\u0042\cA\0[\]a-]$/, true],
    [/^(?<year>\d{4})-{2,}[\s\S]$/s, true],
    [/^(?:k|\u212a)+$/i, true],
    [/^(?:k|\u212a)+$/iu, false],
    [/^(?:\w|\u212a)+$/iu, false],
    [/^(?:[^\W]|_)+$/, false],
    [/^(?:[a-]|-)+$/, false],
    [/^(?:[\w-a]|-)+$/, false],
    [/^a{,3}$/, true],
    [/^(?:.|\n)+$/, true],
    [/^(?:.|\n)+$/s, false],
    [/^(?:\u{1f600}|😀)+$/u, false],
    [/^(?:[^é]|É)+$/i, false],
  ] as const)('%s: %s', (pattern, is) => expect(isUnambiguous(pattern.source, pattern.flags)).toBe(is))

  test('is judged quickly and refused when it is very large', () => {
    expect(isUnambiguous('(?:ab|cd)?e'.repeat(80), '')).toBe(false)
    expect(isUnambiguous('('.repeat(900) + ')'.repeat(900), '')).toBe(true)
    expect(isUnambiguous('a'.repeat(2001), '')).toBe(false)
  })
})
