import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { escapePattern, safePattern } from './index.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { fixedVictim, victim } from './victim.ts'

prove('redos', { victim, fixed: fixedVictim, probes, rules })

const TEXTS = [
  '',
  'ann',
  '1',
  '1+1',
  'a.b',
  '^$\\.*+?()[]{}|/',
  '(a+)+$',
  'a-z',
  '-',
  ']',
  '\\',
  '\\d',
  'a b\tc\nd\re\u2028f\u00a0',
  'żółw',
  '😀',
  '\ud83d',
  '\udc00x',
  '_',
  '#&,:;<=>@!%~`"\'',
]

describe('escapePattern', () => {
  // The module decides by what the platform has at the moment of the call, so both ways can be asked.
  const native = (RegExp as { escape?: unknown }).escape
  for (const text of TEXTS) {
    test(`${JSON.stringify(text)} matches itself and nothing else, under every flag and at every place`, () => {
      Object.defineProperty(RegExp, 'escape', { value: undefined, configurable: true, writable: true })
      try {
        for (const flags of ['', 'i', 'u', 'v', 'iu', 'ms']) {
          const whole = new RegExp(`^(?:${escapePattern(text)})$`, flags)
          expect(whole.test(text), flags).toBe(true)
          for (const other of TEXTS) if (other !== text) expect(whole.test(other), `${flags} ${other}`).toBe(false)
          expect(new RegExp(`(x)\\1${escapePattern(text)}$`, flags).test(`xx${text}`), flags).toBe(true)
        }
      } finally {
        Object.defineProperty(RegExp, 'escape', { value: native, configurable: true, writable: true })
        if (native === undefined) delete (RegExp as { escape?: unknown }).escape
      }
    })
  }

  test('in a class it is each of its characters, and no range', () => {
    const some = new RegExp(`^[${escapePattern('a-z]^')}]$`)
    expect(['a', '-', 'z', ']', '^', 'b', '\\'].filter((char) => some.test(char))).toEqual(['a', '-', 'z', ']', '^'])
  })

  test('leaves it to the platform where that can do it', () => {
    Object.defineProperty(RegExp, 'escape', { value: (text: string) => `<${text}>`, configurable: true })
    try {
      expect(escapePattern('a')).toBe('<a>')
    } finally {
      if (native === undefined) delete (RegExp as { escape?: unknown }).escape
      else Object.defineProperty(RegExp, 'escape', { value: native, configurable: true, writable: true })
    }
  })
})

describe('safePattern', () => {
  test.each([
    ['error', ''],
    ['^\\d{4}-\\d{2}-\\d{2}$', ''],
    ['^(?:[a-z0-9-]+\\.)+[a-z]{2,}$', 'i'],
    ['"(?:[^"\\\\]|\\\\.)*"', 'g'],
    ['warn|error|fatal', 'i'],
    ['^\\[\\w+\\] ', 'u'],
    ['', ''],
  ])('takes %s', (source, flags) => {
    const pattern = safePattern(source, flags)
    expect([pattern.source, pattern.flags]).toEqual([new RegExp(source).source, flags])
  })

  test.each([
    ['(a+)+$', ''],
    ['^(\\w+\\s?)*$', ''],
    ['(?:a|a)'.repeat(30), ''],
    ['a?'.repeat(30), ''],
    ['(|)'.repeat(30), ''],
    ['(?:a?){30}x', ''],
    ['(?:a|b|ab){40}x', ''],
    ['.*.*x', ''],
    ['a*,?a*', ''],
    ['(?:a{500}){500}', ''],
    ['^(a|A)*$', 'i'],
    ['^(?:k|\\u212a)*$', 'iu'],
    ['^(?:\\p{L}|\\p{N})*$', 'u'],
    ['(.+)\\1', ''],
    ['(?<a>.+)\\k<a>', ''],
    ['(?=a)a', ''],
    ['(?<!a)b', ''],
    ['[a--b]', 'v'],
    ['a'.repeat(501), ''],
    ['(', ''],
    ['a', 'gg'],
  ])('refuses %s', (source, flags) => {
    expect(() => safePattern(source, flags)).toThrow(expect.objectContaining({ code: 'BULWARK_PATTERN_REFUSED' }))
  })

  test('refuses what is no text, and shows nothing of the pattern', () => {
    expect(() => safePattern(['a'] as unknown as string)).toThrow(/^BULWARK_PATTERN_REFUSED/)
    expect(() => safePattern('(t+)+secret')).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/secret/) }),
    )
  })
})
