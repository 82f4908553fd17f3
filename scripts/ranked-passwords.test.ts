import { expect, test } from 'vitest'
import { acceptableOf } from '../library/protections/passwords/choosing/check.ts'
import { isChosenWord } from '../library/protections/passwords/choosing/list.ts'
import { RANKED } from '../library/protections/passwords/choosing/ranked.ts'
import { pageOf, rankedFrom } from './ranked-passwords.ts'

test('of a ranking, only what is long enough and not refused anyway is taken, in lower case and once', () => {
  const ranking = [
    'short',
    'Zebrajam',
    'zebrajam',
    '12345678',
    'aaaaaaaa',
    'sunshine!1',
    '19870512',
    'zebra jam',
    'späteste',
    'azurlane',
  ]
  expect(rankedFrom(ranking)).toEqual(['azurlane', 'zebrajam'])
})

test('the first 3,000 are taken, and behind them only long ones', () => {
  const ranking = Array.from({ length: 4000 }, (_, i) =>
    `qx${'bcdfghjk'[i % 8]}${'lmnpqrst'[(i >> 3) % 8]}${i}vz`.padEnd(8, 'w'),
  )
  const words = rankedFrom([...ranking, 'quitelongenoughtobetaken'])
  expect(words).toHaveLength(3001)
  expect(words).toContain(ranking[2999])
  expect(words).not.toContain(ranking[3000])
  expect(words).toContain('quitelongenoughtobetaken')
})

test('signs that mean something in a template stay what they are', () => {
  const page = pageOf(['a`b$' + '{c}\\d'])
  expect(page).toContain('a\\`b\\$' + '{c}\\\\d')
})

test('what stands in the list follows the rule, and is refused', () => {
  const words = RANKED.trim().split(/\s+/)
  expect(words.length).toBeGreaterThan(1000)
  expect(rankedFrom(words)).toEqual(words)
  const check = acceptableOf({ minLength: 8 })
  expect(words.filter((word) => check(word).ok || isChosenWord(word))).toEqual([])
})
