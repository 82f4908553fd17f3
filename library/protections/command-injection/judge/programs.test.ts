import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judge } from './judge.ts'
import { hasOption } from './options.ts'
import { readingsOf } from './programs.ts'

describe('a list of words', () => {
  test.each(['sh', 'eval', 'ssh', 'watch', 'cmd', 'powershell', 'su', 'node'])(
    'that holds %j twenty thousand times is read a few times',
    (name) => {
      const readings = readingsOf(['convert', ...Array<string>(20_000).fill(name), '-c', '/c', '-e', 'a'])
      expect(readings.length).toBeLessThan(3)
      // For each of them the rest of the list would be half of 20,000 squared.
      expect(readings.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(300_000)
    },
  )

  test('of programs that start programs is judged without starting over for each of them', () => {
    // Each way to choose some of them would be a command of its own.
    for (const name of ['eval', 'ssh', 'watch']) {
      expect(judge(['convert', ...Array<string>(1000).fill(name)], ['a b'])).toBeUndefined()
      expect(judge(['convert', ...Array<string>(300).fill(name), 'ls', 'a;id'], ['a;id'])).toBe('code')
    }
  })

  test('in which quotes of the app reach over a command is read with them and without', () => {
    const words = ['eval', "it's", 'ssh', 'host', 'ls a;id']
    expect(judge(words, ['a;id'])).toBe('code')
  })

  test('in which a host is called like a program is read with it and without', () => {
    expect(judge(['ssh', 'ssh', 'a', "'./x'"], ['./x'])).toBe('code')
  })
})

test('options are found by their beginnings as if each of them was tried', () => {
  const sign = fc.constantFrom('-', 'a', 'b', '=', ' ')
  const text = fc.string({ unit: sign, minLength: 2, maxLength: 6 })
  const word = fc.string({ unit: sign, maxLength: 9 })
  const isOption = (text: string): boolean => /^--?[A-Za-z]/.test(text)
  const tried = (words: readonly string[], texts: readonly string[]): boolean => {
    const options = texts.flatMap((each) => [each, each.trim()]).filter((each) => each.length > 1 && isOption(each))
    for (let i = 1; i < words.length; i++) {
      const each = words[i] as string
      if (each === '--') return false
      const found = options.find((option) => each.startsWith(option))
      const before = words[i - 1] as string
      const isValue = i > 1 && before.startsWith('-') && !options.includes(before)
      if (found !== undefined && (!isValue || /^(?:--[A-Za-z][\w-]*=|-[A-Za-z]\S*[=/])/.test(found))) return true
      if (found !== undefined && /^--[A-Za-z][\w-]*$/.test(each) && !/^(?:-m|-e)$/.test(before)) return true
    }
    return false
  }
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), fc.array(text, { maxLength: 6 }), (rest, texts) => {
      const words = ['convert', ...rest]
      expect(hasOption(words, words.length, texts)).toBe(tried(words, texts))
    }),
    { numRuns: 3000 },
  )
})
